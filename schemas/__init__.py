"""What goes in and out of the building: requests, views and events of each noun."""
