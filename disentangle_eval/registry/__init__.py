"""What is installed, by name: specs, the hooks that yield them, and the code behind each name. No torch, no click."""
