"""Options that several commands share."""

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
CSV = click.option("--csv", "as_csv", is_flag=True, help="Print the result as CSV.")
ENDPOINT = click.option("--endpoint", metavar="URL", help="S3 server, if not the environment's.")
WHERE = click.option("--where", metavar="SQL", help="Condition on the manifest's columns.")
