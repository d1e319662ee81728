"""A post times a channel becomes a delivery, and a delivery its attempts. docs/reliability.md tells the protocol."""
