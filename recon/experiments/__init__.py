"""The experiments of the paper: definitions, shared trainings, figures of every case, pages."""
