"""Work on foreign bytes in processes of its own, with limits on time, memory and output."""
