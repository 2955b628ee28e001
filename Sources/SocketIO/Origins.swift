internal import SocketIOCore

/// Some pages, by the host and port of their origin.
///
/// 0.9: "origins", with the same patterns.
public struct OriginPattern: Equatable, Sendable {
    /// nil: any.
    let host: String?
    let port: Int?

    /// `host:port`, `host:*`, `*:port`, `*:*`, or a host alone for all its ports. Nil when it is none of these.
    public init?(_ text: String) {
        let name = text.hasPrefix("[") ? text.prefix { $0 != "]" } + "]" : text.prefix { $0 != ":" }
        guard !name.isEmpty, !name.contains("/") else { return nil }
        host = name == "*" ? nil : name.lowercased()
        let rest = text.dropFirst(name.count)
        if rest.isEmpty || rest == ":*" {
            port = nil
            return
        }
        guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()), (1...65_535).contains(number) else {
            return nil
        }
        port = number
    }

    /// As the operator may write it.
    var description: String { "\(host ?? "*"):\(port.map(String.init) ?? "*")" }

    func matches(host: String, port: Int) -> Bool {
        (self.host == nil || self.host == host) && (self.port == nil || self.port == port)
    }
}

/// Which pages may shake hands, judged by the origin that their browser names.
///
/// A browser lets any page open a WebSocket to any server, with that server's cookies, and a script element read
/// any JSONP answer. So whatever acts for its user must look at where the question comes from.
public enum OriginRule: Equatable, Sendable {
    /// Every page: right for what is public and the same for everybody.
    case any
    /// Pages of the server's own host, as the client named it; and clients that are no browsers. Reading without
    /// Socket.IO stays open to every page: nothing can be said there.
    case same
    /// These pages only, and nobody who does not say where it comes from. 0.9: "origins".
    case listed([OriginPattern])

    /// Why this request is not let in; nil when it is.
    func fault(in request: Request) -> OriginFault? {
        switch self {
        case .any: nil
        case .same: Self.faultOfOther(request)
        case .listed(let allowed):
            Self.isAllowed(request, by: allowed) ? nil : Self.fault(in: request, allowed)
        }
    }

    /// Refuses clients from other pages, for a namespace that is stricter than its server:
    ///
    ///     chat.use { socket in try OriginRule.same.check(socket.handshake) }
    ///
    /// - Throws: ``ConnectError`` with the origin that was received and what would have been let in.
    public func check(_ handshake: Handshake) throws(ConnectError) {
        guard let fault = fault(in: handshake.request) else { return }
        throw ConnectError(
            "Origin not allowed",
            data: [
                "origin": fault.received.map { .string($0) } ?? nil, "expected": .string(fault.expected),
                "setting": "--origins",
            ])
    }

    // MARK: The server's own pages

    /// - Source: RFC 6455, 10.2, and RFC 6454 for what an origin is; Fetch Metadata for `Sec-Fetch-Site`.
    private static func faultOfOther(_ request: Request) -> OriginFault? {
        let host = request.host ?? ""
        let scheme = request.isSecure ? "https://" : ""
        let fault = OriginFault(received: request.origin, expected: scheme + host)
        if let origin = request.origin { return isOwn(origin, of: request) ? nil : fault }
        // A page's own GET names no origin, but neither does a script element on somebody else's page.
        if let site = request.header("Sec-Fetch-Site") {
            return site == "same-origin" || site == "none"
                ? nil : OriginFault(received: "Sec-Fetch-Site: \(site)", expected: fault.expected)
        }
        if let page = request.header("Referer") {
            return isOwn(page, of: request) ? nil : OriginFault(received: page, expected: fault.expected)
        }
        // Only a page asks for a script, and one that hides where it is from gets none.
        let isScript = request.parameter("j") != nil || request.parameter("jsonp") != nil
        return isScript ? fault : nil
    }

    /// A host without a port has the port of the page's scheme, since whether a proxy in front speaks TLS is often
    /// not known here. Where it is known that the client speaks it, a page that came without is not ours.
    private static func isOwn(_ page: String, of request: Request) -> Bool {
        guard let (host, port) = place(of: page), let own = request.host, !own.isEmpty else { return false }
        let isSecurePage = page.prefix(6).lowercased() == "https:"
        if request.isSecure, !isSecurePage { return false }
        guard let (ownHost, ownPort) = place(of: (isSecurePage ? "https://" : "http://") + own) else {
            return false
        }
        return host == ownHost && port == ownPort
    }

    // MARK: The operator's list

    /// The origin, or where there is none the referring page, must be listed; a request that names neither, or
    /// says `null`, is refused by any list but `*:*`.
    private static func isAllowed(_ request: Request, by allowed: [OriginPattern]) -> Bool {
        if allowed.contains(where: { $0.host == nil && $0.port == nil }) { return true }
        guard let page = request.origin ?? request.header("Referer"), let (host, port) = place(of: page)
        else {
            return false
        }
        return allowed.contains { $0.matches(host: host, port: port) }
    }

    private static func fault(in request: Request, _ allowed: [OriginPattern]) -> OriginFault {
        OriginFault(
            received: request.origin ?? request.header("Referer"),
            expected: allowed.map(\.description).joined(separator: ","))
    }

    /// Host and port of a URL; without a port, its scheme's own.
    private static func place(of url: String) -> (host: String, port: Int)? {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return nil }
        let authority = url[url.index(colon, offsetBy: 3)...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let isBracketed = place.hasPrefix("[")
        let host = isBracketed ? place.prefix { $0 != "]" } + "]" : place.prefix { $0 != ":" }
        guard !host.isEmpty else { return nil }
        let rest = place.dropFirst(host.count)
        let usual = url[..<colon].lowercased() == "https" ? 443 : 80
        if rest.isEmpty { return (host.lowercased(), usual) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()) else { return nil }
        return (host.lowercased(), port)
    }
}

/// A page that may not shake hands, and what it would have to be.
struct OriginFault: Equatable, Sendable {
    /// As the request said it, cut where it is long; nil when it said nothing.
    let received: String?
    /// The server's own host, or the operator's list.
    let expected: String

    init(received: String?, expected: String) {
        self.received = received.map { String($0.prefix(200)) }
        self.expected = String(expected.prefix(1000))
    }
}
