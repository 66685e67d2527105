"""Every dependency of the workspace, all of them found on this machine."""

load("//tools/deps:headers.bzl", "headers_repository")
load("//tools/deps:npm.bzl", "npm_repository")
load("//tools/deps:pkg_config.bzl", "pkg_config_repository")

# The rules that C and C++ toolchains load; newer ones do not load under Bazel 4.
_CC_RULES = [
    "cc_binary",
    "cc_import",
    "cc_library",
    "cc_proto_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_suite",
    "fdo_prefetch_hints",
    "fdo_profile",
    "objc_import",
    "objc_library",
]

def _rules_cc_impl(ctx):
    ctx.file("BUILD.bazel", "")
    ctx.file("cc/BUILD.bazel", "")
    ctx.file("cc/defs.bzl", "".join(["{0} = native.{0}\n".format(rule) for rule in _CC_RULES]))

_rules_cc = repository_rule(implementation = _rules_cc_impl, doc = "@rules_cc as Bazel's own rules.")

def _coverage_tools_impl(ctx):
    ctx.file("BUILD.bazel", """filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)
""")

_coverage_tools = repository_rule(implementation = _coverage_tools_impl, doc = "Asked for by every cc_test.")

def _installed_rules_impl(ctx):
    if not ctx.path(ctx.attr.path).exists:
        fail("{} is missing: install the Debian package {} (or run ./tools/bazel once)".format(
            ctx.attr.path,
            ctx.attr.debian_package,
        ))
    for entry in ctx.path(ctx.attr.path).readdir():
        ctx.symlink(entry, entry.basename)

_installed_rules = repository_rule(
    implementation = _installed_rules_impl,
    attrs = {
        "debian_package": attr.string(mandatory = True),
        "path": attr.string(mandatory = True),
    },
    doc = "A Bazel repository that a Debian package installed.",
    local = True,
)

def loam_bazel_repositories():
    """What Bazel's built-in WORKSPACE suffix would otherwise download."""
    _rules_cc(name = "rules_cc")
    _coverage_tools(name = "remote_coverage_tools")
    for name, path, package in [
        ("rules_java", "/usr/share/bazel/rules/java", "bazel-rules-java"),
        ("rules_proto", "/usr/share/bazel/rules/proto", "bazel-rules-proto"),
        ("platforms", "/usr/share/bazel/platforms", "bazel-platforms"),
    ]:
        _installed_rules(name = name, debian_package = package, path = path)

def loam_development_repositories():
    """Libraries that only tests and benchmarks use."""
    pkg_config_repository(
        name = "gtest",
        debian_package = "libgmock-dev",
        modules = ["gmock_main", "gmock", "gtest"],
    )
    pkg_config_repository(
        name = "benchmark",
        debian_package = "libbenchmark-dev",
        modules = ["benchmark"],
    )
    pkg_config_repository(
        name = "absl",
        debian_package = "libabsl-dev",
        modules = ["absl_flags_parse", "absl_flags_usage", "absl_status", "absl_statusor", "absl_strings", "absl_str_format", "absl_time", "absl_random_random", "absl_flat_hash_map", "absl_span"],
        static = True,
    )
    pkg_config_repository(
        name = "nlohmann_json",
        debian_package = "nlohmann-json3-dev",
        modules = ["nlohmann_json"],
    )
    pkg_config_repository(
        name = "libcrypto",
        debian_package = "libssl-dev",
        modules = ["libcrypto"],
    )
    pkg_config_repository(
        name = "libzstd",
        debian_package = "libzstd-dev",
        modules = ["libzstd"],
    )
    pkg_config_repository(
        name = "libmicrohttpd",
        debian_package = "libmicrohttpd-dev",
        modules = ["libmicrohttpd"],
    )
    pkg_config_repository(
        name = "sqlite3",
        debian_package = "libsqlite3-dev",
        modules = ["sqlite3"],
    )
    pkg_config_repository(
        name = "libcurl",
        debian_package = "libcurl4-openssl-dev",
        modules = ["libcurl"],
    )
    pkg_config_repository(
        name = "zlib",
        debian_package = "zlib1g-dev",
        modules = ["zlib"],
    )
    headers_repository(
        name = "valijson",
        debian_package = "libvalijson-dev",
        path = "/usr/include/valijson",
    )

def loam_page_repositories():
    """Packages that build and test the page of the dashboard."""
    npm_repository(
        name = "npm",
        lock = "//dashboards/web:package-lock.json",
        package = "//dashboards/web:package.json",
        purpose = "the dashboard's page and its tests",
    )
