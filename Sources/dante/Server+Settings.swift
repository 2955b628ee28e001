internal import SocketIOServer

extension Server {
    /// A server as the operator wants it, without namespaces or pages yet.
    init(_ settings: Settings, assets: Assets) {
        self.init()
        self.settings = settings.socketIO
        if let token = settings.authorization { authorize = { Self.judge($0, token: token) } }
        script = { name, request in
            guard settings.browserClient == .on, ClientScriptName.isOne(name) else { return nil }
            return assets.clientScript.response(to: request)
        }
    }

    /// Compares the whole token whatever its beginning, so that the time it takes tells nothing.
    private static func judge(_ request: Request, token: String) -> Authorization {
        // The scheme in any case (RFC 9110, 11.1).
        let bearer = request.header("Authorization").flatMap { value in
            value.prefix(7).lowercased() == "bearer " ? value.dropFirst(7).drop { $0 == " " } : nil
        }
        let brought = Array((bearer.map(String.init) ?? request.parameter("token") ?? "").utf8)
        let wanted = Array(token.utf8)
        guard brought.count == wanted.count else { return .refused() }
        let difference = zip(brought, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return difference == 0 ? .allowed : .refused()
    }
}
