"""CredSSP, NTLM through pyspnego, licensing keys and certificates, sans-I/O."""
