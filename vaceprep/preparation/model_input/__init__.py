"""The model's input made visible: which frames and pixels it takes of a video or of a job."""
