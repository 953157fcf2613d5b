"""Workers in processes of their own."""
