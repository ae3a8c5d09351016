"""What operators use beside a registry: leaves that nothing in the core imports."""
