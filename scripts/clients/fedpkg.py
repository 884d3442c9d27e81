#!/usr/bin/env python3
"""fedpkg, as far as it is not pyrpkg: that package has no release to install from, and nearly all of it is its library."""

import argparse
import configparser
import importlib.metadata
import logging
import os
import re
import sys
import types

import pyrpkg
from pyrpkg.cli import cliClient

NAME = "fedpkg"


class Commands(pyrpkg.Commands):
    """What fedpkg knows of Fedora: branches, their macros and their build targets."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.source_entry_type = "bsd"

    def load_rpmdefines(self):
        branch = self.branch_merge
        if match := re.fullmatch(r"f(\d\d)", branch):
            self._distval, self._distvar, prefix = match[1], "fedora", "fc"
        elif match := re.fullmatch(r"(?:epel|el)([\d.]+)", branch):
            self._distval, self._distvar, prefix = match[1].split(".")[0], "rhel", "el"
        elif branch in ("rawhide", "main"):
            self._distval, self._distvar, prefix = self._rawhide(), "fedora", "fc"
        else:
            raise pyrpkg.rpkgError(
                f"Could not find release from branch name '{branch}'. Please specify with --release."
            )
        if self.layout is None:
            raise pyrpkg.rpkgError("Unexpected error while loading the package.")
        self._disttag = prefix + self._distval
        folders = ("sourcedir", "specdir", "builddir", "srcrpmdir", "rpmdir", "rpmfilename")
        macros = [
            *(f"_{folder} {getattr(self.layout, folder)}" for folder in folders),
            f"dist %{{?distprefix}}.{self._disttag}",
            f"{self._distvar} {self._distval}",
            f"{self._disttag} 1",
        ]
        self._rpmdefines = [part for macro in macros for part in ("--define", macro)]

    def _rawhide(self):
        """The number of rawhide: what Koji builds it for, else one more than the newest branch of this clone."""
        try:
            tag = self.anon_kojisession.getBuildTarget("rawhide")["dest_tag_name"]
            return re.match(r"f(\d+)", tag)[1]
        except Exception:
            names = (re.fullmatch(r"(?:.*/)?f(\d\d)", ref.name) for ref in self.repo.refs)
            numbers = [int(match[1]) for match in names if match]
            if not numbers:
                raise pyrpkg.rpkgError("Unable to determine the release of rawhide.") from None
            return str(max(numbers) + 1)

    def build_target(self, release):
        return "rawhide" if release in ("rawhide", "main") else f"{release}-candidate"

    def construct_build_url(self, *args, **kwargs):
        return f"git+{super().construct_build_url(*args, **kwargs)}"


def read_config():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-C", "--config", default=f"/etc/rpkg/{NAME}.conf")
    parser.add_argument("--user-config")
    files, _ = parser.parse_known_args()
    if not os.path.exists(files.config):
        sys.exit(f"Invalid config file {files.config}")
    config = configparser.ConfigParser()
    config.read([files.config, files.user_config or os.path.expanduser(f"~/.config/rpkg/{NAME}.conf")])
    return config


def main():
    client = cliClient(read_config(), name=NAME)
    client.parser.add_argument("--user-config", help="Specify a user config file to use")
    version = f"{NAME} {importlib.metadata.version('rpkg')}"
    client.parser.add_argument("--version", action="version", version=version)
    client.site = types.SimpleNamespace(Commands=Commands)
    client.parse_cmdline()
    args = client.args
    args.path = args.path or os.getcwd()
    client.setupLogging(pyrpkg.log)
    pyrpkg.log.setLevel(logging.DEBUG if args.v else logging.WARNING if args.q else logging.INFO)
    try:
        sys.exit(args.command())
    except KeyboardInterrupt:
        pass
    except Exception as error:
        if args.debug:
            raise
        name = args.command.__name__
        pyrpkg.log.error(f"Could not execute {name}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
