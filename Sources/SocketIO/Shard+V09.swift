internal import SocketIOCore

/// Requests of Socket.IO 0.9.
extension Shard {
    func v09(_ request: Request, _ target: TargetV09, on link: any Link, at now: Instant) {
        switch target {
        case .unsupportedVersion: link.respond(.text(500, "Protocol version not supported."))
        case .handshake: handshakeV09(request, on: link, at: now)
        case .transport(let transport, let sid):
            if request.query.split(separator: "&").contains(where: {
                $0 == "disconnect" || $0.hasPrefix("disconnect=")
            }) {
                (client(sid) as? ClientV09)?.disconnectAsked(at: now)
                return link.respond(AnswerV09.text(200, "", origin: request.origin))
            }
            guard let transport, server.settings.transportsV09.contains(transport) else {
                return link.respond(AnswerV09.text(400, "transport not supported", origin: request.origin))
            }
            open(transport, request, sid: sid, on: link, at: now)
        }
    }

    /// `sid:heartbeat timeout:close timeout:transports`, times in seconds.
    private func handshakeV09(_ request: Request, on link: any Link, at now: Instant) {
        // An Upgrade without a transport has no meaning here.
        if request.wantsWebSocket { return link.respond(EngineAnswer.refusedUpgrade("Bad request")) }
        if request.method == "OPTIONS", request.header("Access-Control-Request-Method") != nil {
            return link.respond(preflight(request, dialect: .v09))
        }
        let index = request.parameter("jsonp").flatMap { AnswerV09.isIndex($0) ? $0 : nil }
        if let refusal = server.refusal(of: request) {
            return link.respond(AnswerV09.refused(refusal, origin: request.origin, jsonp: index))
        }
        if let problem = refusalOfSession() { return link.respond(problem) }
        let settings = server.settings
        let client = ClientV09(request, newID(), shard: self, at: now)
        keep(client)
        client.settle(at: now)
        let heartbeat = settings.heartbeats ? String(settings.silenceV09) : ""
        let close = settings.closeTimeoutV09.wholeMilliseconds / 1000
        let transports = settings.transportsV09.map(\.rawValue).joined(separator: ",")
        let body = Array("\(client.sid):\(heartbeat):\(close):\(transports)".utf8)
        if let index {
            return link.respond(AnswerV09.script(ScriptEnvelope.v09(index: index, payload: body)))
        }
        link.respond(AnswerV09.bytes(200, body, type: "text/plain", origin: request.origin))
    }

    private func open(
        _ transport: TransportV09, _ request: Request, sid: String, on link: any Link, at now: Instant
    ) {
        let client = client(sid) as? ClientV09
        switch (transport, request.method) {
        case (.webSocket, _):
            if let fault = server.settings.origins.fault(in: request) {
                return link.respond(EngineAnswer.refusedUpgrade(Refusal.origin(fault).textV09))
            }
            guard let accept = acceptSocket(request, on: link) else { return }
            link.openSocket(accept: accept.key, headers: [])
            if let client { return client.opened(.socket, on: link, at: now) }
            link.write(.text(ConstantV09.notHandshaken))
            link.closeSocket(code: nil)
        case (_, "POST"):
            client?.posted(request, transport: transport, at: now)
            link.respond(EngineAnswer.ok(origin: request.origin, dialect: .v09))
        case (.htmlFile, "GET"):
            link.openStream(AnswerV09.htmlFileHead)
            link.write(Frame.chunk(ScriptEnvelope.htmlfileStart))
            if let client { return client.opened(.stream, on: link, at: now) }
            link.write(Frame.chunk(ScriptEnvelope.htmlfile(ConstantV09.notHandshaken)))
            link.endStream()
        case (.xhrPolling, "GET"), (.jsonpPolling, "GET"):
            let callback = transport == .jsonpPolling ? request.parameter("i") ?? "0" : nil
            if let client {
                return client.polled(on: link, origin: request.origin, callback: callback, at: now)
            }
            link.respond(
                AnswerV09.payload(ConstantV09.notHandshaken, origin: request.origin, callback: callback))
        case (_, "OPTIONS"): link.respond(preflight(request, dialect: .v09))
        default:
            link.respond(.methodNotAllowed("GET, POST"))
        }
    }
}

/// The answers of 0.9.
enum AnswerV09 {
    static func bytes(_ status: Int, _ body: [UInt8], type: String, origin: String?) -> Response {
        Response(
            status,
            headers: [("Content-Type", type)] + EngineAnswer.unbuffered
                + EngineAnswer.cors(origin: origin, dialect: .v09), body: body)
    }

    static func text(_ status: Int, _ text: String, origin: String?) -> Response {
        bytes(status, Array(text.utf8), type: "text/plain; charset=UTF-8", origin: origin)
    }

    /// The answer to a poll, plain or, with a callback's index, as a script.
    static func payload(_ payload: [UInt8], origin: String?, callback: String?) -> Response {
        if let callback { return EngineAnswer.script(ScriptEnvelope.v09(index: callback, payload: payload)) }
        return bytes(200, payload, type: "text/plain; charset=UTF-8", origin: origin)
    }

    /// A JSONP callback's number; what is none is ignored, and the plain form sent.
    static func isIndex(_ text: String) -> Bool {
        (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The answer to a JSONP handshake.
    static func script(_ bytes: [UInt8]) -> Response {
        var response = EngineAnswer.script(bytes)
        response.headers[0].value = "application/javascript"
        return response
    }

    /// A handshake that is not accepted. A script cannot see a status, so there it is an error for the callback.
    static func refused(_ refusal: Refusal, origin: String?, jsonp index: String?) -> Response {
        var response = text(refusal.status, refusal.textV09, origin: refusal.isOfOrigin ? nil : origin)
        if let index { response = script(Array("io.j[\(index)](new Error(\"\(refusal.textV09)\"));".utf8)) }
        response.refusal = refusal.note
        return response
    }

    /// Only for a frame of the same origin, so nobody else is let in.
    static var htmlFileHead: Response {
        .stream(
            "text/html; charset=UTF-8",
            headers: [
                ("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no"),
            ])
    }
}
