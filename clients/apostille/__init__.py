"""아포스티유 (Apostille): address, names in Latin script, a fresh proof before issuing."""
