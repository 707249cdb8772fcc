"""The functions that Kubernetes adds to CEL: (name, called on its first argument, types, result).

They are for checking only (`library.py` evaluates, on values that are less strictly typed). Types
have the library's names; `dyn` stands where the real declaration has a type parameter.
Source: apiserver pkg/cel/library and the extensions that pkg/cel/environment/base.go turns on.
"""

from collections.abc import Iterator

Row = tuple[str, bool, tuple[str, ...], str]

_AUTHORIZATION = "kubernetes.authorization."
AUTHORIZER = f"{_AUTHORIZATION}Authorizer"
RESOURCE_CHECK = f"{_AUTHORIZATION}ResourceCheck"
_ABSTRACT = {
    "authorizer": AUTHORIZER,
    "group": f"{_AUTHORIZATION}GroupCheck",
    "path": f"{_AUTHORIZATION}PathCheck",
    "check": RESOURCE_CHECK,
    "decision": f"{_AUTHORIZATION}Decision",
    "url": "kubernetes.URL",
    "quantity": "kubernetes.Quantity",
    "ip": "net.IP",
    "cidr": "net.CIDR",
    "semver": "kubernetes.Semver",
    "format": "kubernetes.NamedFormat",
}

_MEMBERS = """
authorizer path string path
authorizer group string group
authorizer serviceAccount string string authorizer
group resource string check
check subresource string check
check namespace string check
check name string check
check fieldSelector string check
check labelSelector string check
path check string decision
check check string decision
decision errored bool
decision error string
decision allowed bool
decision reason string
url getScheme string
url getHost string
url getHostname string
url getPort string
url getEscapedPath string
url getQuery map(string,list(string))
quantity sign int
quantity isGreaterThan quantity bool
quantity isLessThan quantity bool
quantity compareTo quantity int
quantity asApproximateFloat double
quantity asInteger int
quantity isInteger bool
quantity add quantity quantity
quantity add int quantity
quantity sub quantity quantity
quantity sub int quantity
semver isGreaterThan semver bool
semver isLessThan semver bool
semver compareTo semver int
semver major int
semver minor int
semver patch int
cidr containsIP string bool
cidr containsIP ip bool
cidr containsCIDR string bool
cidr containsCIDR cidr bool
cidr ip ip
cidr prefixLength int
cidr masked cidr
ip family int
ip isUnspecified bool
ip isLoopback bool
ip isLinkLocalMulticast bool
ip isLinkLocalUnicast bool
ip isGlobalUnicast bool
string find string string
string findAll string list(string)
string findAll string int list(string)
format validate string dyn
string charAt int string
string indexOf string int
string indexOf string int int
string lastIndexOf string int
string lastIndexOf string int int
string lowerAscii string
string upperAscii string
string replace string string string
string replace string string int string
string split string list(string)
string split string int list(string)
string substring int string
string substring int int string
string trim string
string format list string
list(string) join string
list(string) join string string
list isSorted bool
list sum dyn
list min dyn
list max dyn
list indexOf dyn int
list lastIndexOf dyn int
list slice int int list
list flatten list
list flatten int list
list sort list
list reverse list
list distinct list
"""
_GLOBALS = """
url string url
isURL string bool
quantity string quantity
isQuantity string bool
semver string semver
semver string bool semver
isSemver string bool
isSemver string bool bool
ip string ip
isIP string bool
ip.isCanonical string bool
cidr string cidr
isCIDR string bool
strings.quote string string
format.named string dyn
sets.contains list list bool
sets.equivalent list list bool
sets.intersects list list bool
lists.range int list(int)
jsonpatch.escapeKey string string
format.dns1123Label format
format.dns1123Subdomain format
format.dns1035Label format
format.qualifiedName format
format.dns1123LabelPrefix format
format.dns1123SubdomainPrefix format
format.dns1035LabelPrefix format
format.labelValue format
format.uri format
format.uuid format
format.byte format
format.date format
format.datetime format
"""


def functions() -> Iterator[Row]:
    for line in _MEMBERS.strip().splitlines():
        receiver, name, *types = line.split()
        yield name, True, tuple(map(_type, (receiver, *types[:-1]))), _type(types[-1])
    for line in _GLOBALS.strip().splitlines():
        name, *types = line.split()
        yield name, False, tuple(map(_type, types[:-1])), _type(types[-1])


def _type(name: str) -> str:
    return _ABSTRACT.get(name, "list(dyn)" if name == "list" else name)


def is_abstract(name: str) -> bool:
    return name in _ABSTRACT.values()
