"""Writes the generated documents and the dashboard, and removes schemas of facts that no longer exist."""

from deploy import dashboard
from deploy.docs import FOLDER, documents

wanted = documents()
for stale in {*FOLDER.glob("schemas/*.json")} - wanted.keys():
    stale.unlink()
for path, text in wanted.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
dashboard.FILE.write_text(dashboard.text())
print(f"{len(wanted)} documents in {FOLDER.relative_to(FOLDER.parent)}/")
