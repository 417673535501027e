"""Virtual knees: shapes from real people, poses, tissue and the phantom that is X-rayed."""
