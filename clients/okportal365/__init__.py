"""재외동포365민원포털 (Overseas Koreans 365 portal): single sign-on."""
