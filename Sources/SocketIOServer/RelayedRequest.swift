internal import SocketIO

/// A request as it goes on to the node that owns its session.
enum RelayedRequest {
    /// Shows that a node of the cluster has sent the request: the cluster's secret, the client's address, and `tls` if
    /// it came over TLS. Who gets it never relays the request again, so that there are no loops. Clients that send it
    /// are not believed.
    static let field = "Dante-Relay"

    /// - Parameters:
    ///   - staysOpen: the connection between the nodes takes another request behind this one.
    ///   - takesChunks: an answer without a length may come in chunks; otherwise as it is.
    static func bytes(
        _ request: Request, secret: String, staysOpen: Bool, takesChunks: Bool = true
    ) -> [UInt8] {
        let isUpgrade = request.wantsWebSocket
        let version = staysOpen || isUpgrade ? 1 : takesChunks ? request.minorVersion : 0
        var bytes = Array("\(request.method) \(request.target) HTTP/1.\(version)\r\n".utf8)
        var hasHost = false
        for (name, value) in request.headers {
            let lowercased = name.lowercased()
            if Self.hop.contains(lowercased) { continue }
            hasHost = hasHost || lowercased == "host"
            bytes += "\(name): \(value)\r\n".utf8
        }
        // HTTP/1.0 has none.
        if !hasHost { bytes += "Host: node\r\n".utf8 }
        if isUpgrade {
            bytes += "Connection: Upgrade\r\nUpgrade: websocket\r\n".utf8
        } else if !staysOpen {
            bytes += "Connection: close\r\n".utf8
        }
        if !request.body.isEmpty || request.method == "POST" {
            bytes += "Content-Length: \(request.body.count)\r\n".utf8
        }
        let client = request.remoteAddress.isEmpty ? "unknown" : request.remoteAddress
        bytes += "\(field): \(secret) \(client)\(request.isSecure ? " tls" : "")\r\n\r\n".utf8
        return bytes + request.body
    }

    /// Fields that speak of one hop only, or that are written anew (RFC 9110, 7.6.1).
    private static let hop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "content-length", "expect", field.lowercased(),
    ]

    /// Who asks, when a node of this cluster has sent the request; nil for everything else.
    static func client(of request: Request, secret: String?) -> (address: String, isSecure: Bool)? {
        guard let secret, let words = request.header(field)?.split(separator: " "), words.count >= 2,
            words[0].utf8.count == secret.utf8.count
        else { return nil }
        // Compared whole whatever its beginning, so that the time it takes tells nothing.
        let difference = zip(words[0].utf8, secret.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return difference == 0 ? (String(words[1]), words.last == "tls") : nil
    }
}
