"""The statistics of a blinded study: numpy, scipy and statsmodels only, nothing of Django or the database."""
