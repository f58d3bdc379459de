"""What relying services call: one file per OAuth and OpenID Connect endpoint. They speak HTTP and hold no rule."""
