"""What the tests share: meters that speak, programs, databases, pages and a browser."""
