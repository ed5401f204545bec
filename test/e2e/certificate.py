# SPDX-License-Identifier: Apache-2.0
"""Certificate authorities and certificates for tests, made by the openssl program."""
import pathlib
import subprocess


class Certificate:
    """The paths of a certificate and its key, both PEM."""

    def __init__(self, folder, name):
        self.path = pathlib.Path(folder) / f"{name}.crt"
        self.key = pathlib.Path(folder) / f"{name}.key"

    def der(self):
        return subprocess.run(["openssl", "x509", "-in", self.path, "-outform", "DER"], check=True,
                              stdout=subprocess.PIPE).stdout


class Authority(Certificate):
    def __init__(self, folder, name="ca"):
        super().__init__(folder, name)
        self.folder = pathlib.Path(folder)
        make(self, name, ["-addext", "basicConstraints=critical,CA:TRUE",
                          "-addext", "keyUsage=critical,keyCertSign,cRLSign"])

    def issue(self, name, common_name, *, key="ec", names=("DNS:localhost", "IP:127.0.0.1", "IP:::1")):
        """A certificate for both TLS servers and clients, signed by this authority."""
        issued = Certificate(self.folder, name)
        make(issued, common_name, ["-CA", self.path, "-CAkey", self.key,
                                   "-addext", "basicConstraints=critical,CA:FALSE",
                                   "-addext", "subjectAltName=" + ",".join(names)], key)
        return issued


def make(certificate, common_name, more, key="ec"):
    kind = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            "rsa": ["-newkey", "rsa:2048"]}[key]
    subprocess.run(["openssl", "req", "-x509", *kind, "-nodes", "-days", "30", "-sha256",
                    "-subj", f"/CN={common_name}", "-keyout", certificate.key,
                    "-out", certificate.path, *more],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    certificate.key.chmod(0o600)
