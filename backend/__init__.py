"""The web application: people, cases, jobs, plans and exports."""
