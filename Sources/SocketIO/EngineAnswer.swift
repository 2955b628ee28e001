internal import SocketIOCore

/// Engine.IO's own errors: status 400 and a JSON text with code and message.
///
/// - Source: engine.io `lib/server.ts`, `errors` and `errorMessages`.
enum EngineError: Int, Sendable {
    case transportUnknown = 0
    case unknownSession = 1
    case badMethod = 2
    case badRequest = 3
    case unsupportedVersion = 5

    var message: String {
        switch self {
        case .transportUnknown: "Transport unknown"
        case .unknownSession: "Session ID unknown"
        case .badMethod: "Bad handshake method"
        case .badRequest: "Bad request"
        case .unsupportedVersion: "Unsupported protocol version"
        }
    }
}

/// The answers of the Socket.IO transports, which any origin may read.
enum EngineAnswer {
    /// Nobody's cookies mean anything here, so any page may read. Clients before Engine.IO 4 ask with credentials
    /// whether they have any or not, and a browser then wants its own origin named.
    static func cors(origin: String?, dialect: Dialect) -> [(name: String, value: String)] {
        guard dialect != .engine4 else { return publicCORS }
        guard let origin else { return dialect == .v09 ? [] : publicCORS }
        return [
            ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Origin"),
        ]
    }

    static let publicCORS = [(name: "Access-Control-Allow-Origin", value: "*")]

    /// `no-store` for caches; the second for nginx, which would else hold a poll's answer in its buffer.
    static let unbuffered = [
        (name: "Cache-Control", value: "no-store"), (name: "X-Accel-Buffering", value: "no"),
    ]

    /// Of a poll of revision 4: the answer that there are most of.
    private static let textHeaders = SharedHeaders(
        [("Content-Type", "text/plain; charset=UTF-8")] + unbuffered + publicCORS)

    static func payload(_ bytes: [UInt8], isBinary: Bool, origin: String?, dialect: Dialect) -> Response {
        if dialect == .engine4, !isBinary { return Response(200, headers: textHeaders, body: bytes) }
        let type = isBinary ? "application/octet-stream" : "text/plain; charset=UTF-8"
        return Response(
            200, headers: [("Content-Type", type)] + unbuffered + cors(origin: origin, dialect: dialect),
            body: bytes)
    }

    /// A payload in a script element, which is never read across origins in any other way.
    static func script(_ bytes: [UInt8]) -> Response {
        Response(
            200,
            headers: [
                ("Content-Type", "text/javascript; charset=UTF-8"), ("X-XSS-Protection", "0"),
            ] + unbuffered, body: bytes)
    }

    static func ok(origin: String?, dialect: Dialect) -> Response {
        let isV09 = dialect == .v09
        return Response(
            200,
            headers: [("Content-Type", isV09 ? "text/plain; charset=UTF-8" : "text/html")] + unbuffered
                + cors(origin: origin, dialect: dialect), body: Array((isV09 ? "1" : "ok").utf8))
    }

    static func error(_ error: EngineError, origin: String?, dialect: Dialect) -> Response {
        var response = Response.json(400, #"{"code":\#(error.rawValue),"message":"\#(error.message)"}"#)
        response.headers += cors(origin: origin, dialect: dialect)
        return response.noting(error.message.lowercased())
    }

    /// Error 4. The reference sends no CORS headers to an origin it refuses.
    static func refused(_ refusal: Refusal, _ request: Request, dialect: Dialect) -> Response {
        if request.wantsWebSocket {
            var response = Response.text(refusal.status, refusal.message)
            response.closesConnection = true
            response.refusal = refusal.note
            return response
        }
        let message = String(decoding: JSON.quoted(refusal.message), as: UTF8.self)
        var response = Response.json(refusal.status, #"{"code":4,"message":\#(message)\#(refusal.details)}"#)
        response.refusal = refusal.note
        if !refusal.isOfOrigin { response.headers += cors(origin: request.origin, dialect: dialect) }
        return response
    }

    static func empty(_ status: Int) -> Response { Response(status, headers: publicCORS) }

    /// A WebSocket handshake that is refused ends its connection: what the client sends next would be frames.
    static func refusedUpgrade(_ message: String) -> Response {
        var response = Response(400, headers: [("Content-Type", "text/html")], body: Array(message.utf8))
        response.closesConnection = true
        return response.noting("bad WebSocket handshake", value: message)
    }

    static var badSocketVersion: Response {
        var response = refusedUpgrade("Missing or invalid Sec-WebSocket-Version header")
        response.headers.append(("Sec-WebSocket-Version", "13, 8"))
        return response
    }

    /// The CORS preflight (Fetch, "CORS-preflight fetch"): what was asked is allowed, but for the fields by which
    /// proxies tell where a request comes from. A script may not say that for them.
    static func preflight(_ request: Request, dialect: Dialect = .engine4) -> Response {
        var headers =
            cors(origin: request.origin, dialect: dialect) + [
                ("Access-Control-Allow-Methods", "GET,HEAD,POST"), ("Access-Control-Max-Age", "600"),
                ("Vary", "Access-Control-Request-Headers"),
            ]
        if let asked = request.header("Access-Control-Request-Headers") {
            let allowed = asked.split(separator: ",").map(\.trimmingBlanks).filter { !isOfProxies($0) }
            headers.append(("Access-Control-Allow-Headers", allowed.joined(separator: ", ")))
        }
        return Response(204, headers: headers)
    }

    private static func isOfProxies(_ field: String) -> Bool {
        let name = field.lowercased()
        return name.hasPrefix("x-forwarded-") || ["forwarded", "x-real-ip", "via"].contains(name)
    }
}
