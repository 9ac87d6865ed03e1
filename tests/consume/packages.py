"""The Debian packages: what is in them, and what is left of them."""

import os
import re
import shutil

from workshop import ALL, expect, find, require

_RUNS, _LINKS = "libgauntlet-{}0.1", "libgauntlet-{}-dev"
_MATRIX = "gauntlet-matrix"


def deb_packages(shop):
    require("dpkg", "dpkg-deb", "dpkg-shlibdeps", "cpack")
    if os.geteuid() != 0:
        require("fakeroot")
    files = shop.packages()
    facts = {name: fields for name, fields in (_fields(shop, file) for file in files)}
    names = [component.replace("_", "-") for component in ALL]
    expected = {form.format(name) for name in names for form in (_RUNS, _LINKS)} | {_MATRIX}
    expect(set(facts) == expected, f"packages: {sorted(facts)}")
    _check_fields(facts)
    _check_shlibs(shop, files)
    root = _Root(shop)
    root.install(files)
    _check_files(root)
    _run_command(shop, root)
    _link_against(shop, root)
    root.remove(sorted(facts))


def _fields(shop, file):
    said = shop.run("dpkg-deb", "--field", file).stdout
    fields = dict(re.findall(r"^(\S+): (.*)$", said, re.MULTILINE))
    return fields["Package"], fields


def _check_fields(facts):
    for name, fields in facts.items():
        depends = [part.strip() for part in fields.get("Depends", "").split(",")]
        expect(fields["Version"] == "0.1.0", f"{name} is of version {fields['Version']}")
        if name.endswith("-dev"):
            library = name.removesuffix("-dev") + "0.1"
            expect(f"{library} (= 0.1.0)" in depends, f"{name} does not bring its library: {depends}")
    for name, wanted in {"libgauntlet-png0.1": ("libgauntlet-core0.1 (>= 0.1.0)", "libgauntlet-shim-png0.1 (>= 0.1.0)",
                                                "zlib1g", "libc6"),
                         "libgauntlet-shim-png0.1": ("libpng16-16",), "libgauntlet-uv0.1": ("libuv1",),
                         "libgauntlet-uring0.1": ("liburing2", "libgauntlet-shim-uring0.1 (>= 0.1.0)"),
                         "libgauntlet-png-dev": ("libgauntlet-core-dev (= 0.1.0)",),
                         "libgauntlet-shim-uring-dev": ("liburing-dev",)}.items():
        for dependency in wanted:
            there = re.sub(r" \(>= [^0][^)]*\)", "", facts[name]["Depends"])  # Debian's own without their versions
            expect(dependency in there.split(", "), f"{name} does not depend on {dependency}: {there}")
    # A shared library has its C libraries inside: who links it needs none of their headers.
    for name in ("libgauntlet-png-dev", "libgauntlet-uv-dev", "libgauntlet-shim-png-dev"):
        expect("libpng-dev" not in facts[name]["Depends"] and "libuv1-dev" not in facts[name]["Depends"], f"{name} wants too much")


def _check_shlibs(shop, files):
    """What dpkg-shlibdeps reads when a program that links ours is packaged."""
    for file in files:
        if "-dev_" not in file.name and not file.name.startswith(_MATRIX):
            name = file.name.split("_")[0]
            said = shop.run("dpkg-deb", "--info", file, "shlibs", must_succeed=False).stdout
            expect(re.fullmatch(rf"libgauntlet_\w+ 0\.1 {re.escape(name)} \(>= 0\.1\.0\)\n", said),
                   f"{name} does not say who depends on it: {said}")


class _Root:
    """A machine's file system of our own, with dpkg's own records: this machine's are not touched."""

    def __init__(self, shop):
        self.shop = shop
        self.path = shop.folder / "root"
        for folder in ("info", "updates"):
            (self.path / "var/lib/dpkg" / folder).mkdir(parents=True)
        (self.path / "var/lib/dpkg/status").touch()
        (self.path / "var/lib/dpkg/available").touch()
        # The packages' scripts run outside of this root, so that none of them may find the machine's own.
        stand_in = shop.folder / "bin/ldconfig"
        stand_in.parent.mkdir()
        stand_in.write_text(f"#!/bin/sh\necho ran >> {shop.folder}/ldconfig.log\n", encoding="utf-8")
        stand_in.chmod(0o755)

    def install(self, files):
        """All of them, in dpkg's order; of Debian's own packages this root knows nothing."""
        self._dpkg("--force-depends", "--install", *files)
        log = self.shop.folder / "ldconfig.log"
        expect(log.exists() and len(log.read_text(encoding="utf-8").split()) == len(ALL), "the loader's cache is not made anew")

    def remove(self, names):
        self._dpkg("--purge", *names)
        left = list((self.path / "usr").rglob("*"))
        expect(not (self.path / "usr").exists(), f"left behind: {left or 'usr'}")

    def _dpkg(self, *words):
        self.shop.run(*([] if os.geteuid() == 0 else ["fakeroot"]), "dpkg", f"--root={self.path}", "--force-script-chrootless",
                      "--log=/dev/null", *words, PATH=f"{self.shop.folder}/bin:/usr/sbin:/sbin:{os.environ['PATH']}")


def _check_files(root):
    libraries = sorted(path.name for path in (root.path / "usr/lib").rglob("libgauntlet_*"))
    expect(len(libraries) == 3 * len(ALL), f"libraries: {libraries}")
    expect((root.path / "usr/include/gauntlet/png.hpp").is_file(), "headers are not in /usr/include")
    expect((root.path / "usr/share/doc/libgauntlet-png0.1/copyright").is_file(), "the licence is missing")


def _run_command(shop, root):
    """The matrix's command: it finds what it needs from where it was installed."""
    said = shop.run(root.path / "usr/bin/gauntlet", "lanes", "--project", shop.folder, must_succeed=False, PYTHONDONTWRITEBYTECODE="1")
    wanted = f"{root.path}/usr/share/gauntlet_matrix/docs/downstream.md has one to copy"
    expect(said.returncode == 2 and wanted in said.stdout, f"gauntlet lanes says: {said.stdout}")


def _link_against(shop, root):
    from consume import by_pkg_config  # which reads this file

    components = ("png", "shim_uring")
    shop.write_project(find(*components), *components)
    library_folder = next((root.path / "usr/lib").glob("**/pkgconfig")).parent
    shop.configure(prefix=root.path / "usr")
    shop.build_programs(*components)
    for component in components:
        shop.check_program(component)
    found = (shop.build / "CMakeCache.txt").read_text(encoding="utf-8")
    expect(f"gauntlet_DIR:PATH={library_folder}/cmake/gauntlet" in found, "another Gauntlet was found")
    shutil.rmtree(shop.build)
    by_pkg_config(shop, root.path, components)
