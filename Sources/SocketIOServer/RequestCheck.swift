internal import NIOHTTP1

/// What a request asks for, and from whom.
struct RequestTarget: Equatable {
    /// Path and query.
    var path: String
    /// Host and port in an absolute target; it counts more than `Host` (RFC 9112, 3.2.2).
    var authority: String?
}

/// What the parser leaves unchecked of RFC 9112.
enum RequestCheck {
    /// The request's target in any of its forms; nil when target or Host are not valid.
    static func target(of head: HTTPRequestHead) -> RequestTarget? {
        let hosts = head.headers["host"]
        guard hosts.count <= 1, hosts.count == 1 || head.version.minor == 0 else { return nil }
        let target = head.uri
        if target.utf8.first == UInt8(ascii: "/") { return RequestTarget(path: target) }
        if target == "*" { return head.method == .OPTIONS ? RequestTarget(path: "/") : nil }
        for scheme in ["http://", "https://"] where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard !authority.isEmpty else { return nil }
            let path = rest[authority.endIndex...]
            return RequestTarget(
                path: path.hasPrefix("/") ? String(path) : "/" + path, authority: String(authority))
        }
        return nil
    }
}
