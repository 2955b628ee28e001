internal import SocketIOCore

/// Requests of Engine.IO 2, 3 and 4.
extension Shard {
    /// - Parameter endpoint: where Socket.IO is not spoken.
    func engine(_ request: Request, _ endpoint: EngineEndpoint?, on link: any Link, at now: Instant) {
        if request.method == "OPTIONS", request.header("Access-Control-Request-Method") != nil {
            let dialect = Dialect(engineRevision: request.parameter("EIO")) ?? .engine4
            return link.respond(preflight(request, dialect: dialect))
        }
        if request.query.isEmpty, !request.hasToken("upgrade", in: "connection") {
            return link.respond(.text(200, "Welcome to socket.io."))
        }
        let transport = request.parameter("transport") ?? ""
        let isOffered =
            transport == "polling" && server.settings.polling
            || transport == "websocket" && server.settings.webSocket
        guard isOffered else { return refuse(request, .transportUnknown, on: link) }
        if transport == "polling", request.wantsWebSocket {
            // Accepted and closed, as in the reference: the client has mixed up its transports.
            guard let accept = acceptSocket(request, on: link) else { return }
            link.openSocket(accept: accept.key, headers: accept.headers)
            return link.closeSocket(code: nil)
        }
        guard let sid = request.parameter("sid") else {
            return handshake(request, endpoint, transport: transport, on: link, at: now)
        }
        // A sid of another revision is unknown here; a request keeps the revision of its sid.
        guard let client = client(sid) as? EngineClient, client.endpoint === endpoint else {
            return refuse(request, .unknownSession, on: link)
        }
        if let revision = request.parameter("EIO"), revision != client.revision {
            return refuse(request, .badRequest, on: link)
        }
        if transport == "websocket" {
            if let fault = server.settings.origins.fault(in: request) {
                return link.respond(
                    EngineAnswer.refused(.origin(fault), request, dialect: .engine4))
            }
            guard let accept = acceptSocket(request, on: link) else { return }
            link.openSocket(accept: accept.key, headers: accept.headers)
            client.probeOpened(on: link, at: now)
        } else {
            client.polled(request, on: link, at: now)
        }
    }

    private func handshake(
        _ request: Request, _ endpoint: EngineEndpoint?, transport: String, on link: any Link, at now: Instant
    ) {
        guard request.method == "GET" else { return refuse(request, .badMethod, on: link) }
        guard let dialect = dialect(of: request) else {
            return refuse(request, .unsupportedVersion, on: link)
        }
        if let refusal = server.refusal(of: request) {
            return link.respond(EngineAnswer.refused(refusal, request, dialect: dialect))
        }
        if transport == "polling" {
            if let problem = refusalOfSession() { return link.respond(problem) }
            let client = EngineClient(
                request, endpoint, newID(), dialect: dialect, onSocket: false, shard: self, at: now)
            keep(client)
            client.opened(answering: link, for: request, at: now)
        } else {
            guard let accept = acceptSocket(request, on: link) else { return }
            if let problem = refusalOfSession() { return link.respond(problem) }
            let client = EngineClient(
                request, endpoint, newID(), dialect: dialect, onSocket: true, shard: self, at: now)
            keep(client)
            link.openSocket(accept: accept.key, headers: accept.headers)
            client.opened(on: link, at: now)
        }
    }

    /// Clients up to 1.4 say revision 3 like the later ones, but some of them read binary framing only. They show
    /// themselves by their cache buster: `t=1405617217046-0`.
    private func dialect(of request: Request) -> Dialect? {
        let dialect = Dialect(engineRevision: request.parameter("EIO"))
        guard dialect == .engine3, let parts = request.parameter("t")?.split(separator: "-"),
            parts.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return dialect }
        return .engine2
    }

    /// Judges a WebSocket handshake below the resource; answers it when it is bad.
    func acceptSocket(
        _ request: Request, on link: any Link
    ) -> (key: String, headers: [(name: String, value: String)])? {
        guard request.hasToken("upgrade", in: "connection"), let upgrade = request.header("upgrade") else {
            refuse(request, .badRequest, on: link)
            return nil
        }
        switch SocketHandshake.judge(request, versions: ["13", "8", "7"]) {
        case .accept(let key):
            let offered = request.header("Sec-WebSocket-Protocol")?.split(separator: ",").first?
                .trimmingBlanks
            let headers = offered.map { [(name: "Sec-WebSocket-Protocol", value: $0)] } ?? []
            return (key, headers + EngineAnswer.publicCORS)
        case .notWebSocket where !upgrade.equalsIgnoringCase("websocket"):
            link.respond(EngineAnswer.refusedUpgrade("Invalid Upgrade header"))
        case .notWebSocket: link.respond(EngineAnswer.refusedUpgrade("Bad handshake method"))
        case .badVersion: link.respond(EngineAnswer.badSocketVersion)
        case .badKey: link.respond(EngineAnswer.refusedUpgrade("Missing or invalid Sec-WebSocket-Key header"))
        }
        return nil
    }

    /// A page that may not shake hands may not ask for more either.
    func preflight(_ request: Request, dialect: Dialect) -> Response {
        if let fault = server.settings.origins.fault(in: request) {
            return EngineAnswer.refused(.origin(fault), request, dialect: dialect)
        }
        return EngineAnswer.preflight(request, dialect: dialect)
    }

    private func refuse(_ request: Request, _ error: EngineError, on link: any Link) {
        // Who asked for a WebSocket reads no JSON: the reference answers the bare text there.
        if request.wantsWebSocket { return link.respond(EngineAnswer.refusedUpgrade(error.message)) }
        let dialect = Dialect(engineRevision: request.parameter("EIO")) ?? .engine4
        link.respond(EngineAnswer.error(error, origin: request.origin, dialect: dialect))
    }
}
