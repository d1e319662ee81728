"""One channel of one blog and its account on a network: credentials kept, renewed, read back, and handed to the adapter."""
