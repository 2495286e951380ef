"""What the numbers mean. This package places measured values beside each other for people."""
