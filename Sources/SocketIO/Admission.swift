internal import SocketIOCore

/// Which pages may read and speak, by the origin their browser names.
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

    func matches(host: String, port: Int) -> Bool {
        (self.host == nil || self.host == host) && (self.port == nil || self.port == port)
    }
}

/// What the application says to a handshake.
public enum Authorization: Equatable, Sendable {
    case allowed
    /// - Parameter reason: for clients from Socket.IO 1.0 on; nil says "Forbidden".
    case refused(reason: String? = nil)
    /// The application could not tell.
    case failed
}

/// Why a handshake is not accepted.
enum Refusal: Equatable, Sendable {
    case origin
    case unauthorized(reason: String?)
    case failed

    var status: Int { self == .failed ? 500 : 403 }

    /// In the words of 0.9.
    var textV09: String {
        switch self {
        case .origin: "handshake bad origin"
        case .unauthorized: "handshake unauthorized"
        case .failed: "handshake error"
        }
    }

    /// In the words of Engine.IO.
    var message: String {
        if case .unauthorized(let reason?) = self { reason } else { "Forbidden" }
    }
}

extension Server {
    /// Judges a handshake, of Socket.IO or of a plain reader: the origin first, then the application.
    func refusal(of request: Request) -> Refusal? {
        if let allowed = settings.origins, !Self.isAllowed(request, by: allowed) { return .origin }
        switch authorize(request) {
        case .allowed: return nil
        case .refused(let reason): return .unauthorized(reason: reason)
        case .failed: return .failed
        }
    }

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
