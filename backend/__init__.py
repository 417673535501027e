"""The web application: people, cases, jobs, plans and exports; the engines are called, never imported, by views."""
