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

/// The answers of the Engine.IO transports, which any origin may read, without credentials.
enum EngineAnswer {
    static let cors = [(name: "Access-Control-Allow-Origin", value: "*")]

    /// `no-store` for caches; the second for nginx, which would else hold a poll's answer in its buffer.
    private static let unbuffered = [
        (name: "Cache-Control", value: "no-store"), (name: "X-Accel-Buffering", value: "no"),
    ]

    static func payload(_ bytes: [UInt8]) -> Response {
        Response(
            200, headers: [("Content-Type", "text/plain; charset=UTF-8")] + unbuffered + cors, body: bytes)
    }

    static let ok = Response(
        200, headers: [("Content-Type", "text/html")] + unbuffered + cors, body: Array("ok".utf8))

    static func error(_ error: EngineError) -> Response {
        var response = Response.json(400, #"{"code":\#(error.rawValue),"message":"\#(error.message)"}"#)
        response.headers += cors
        return response
    }

    static func empty(_ status: Int) -> Response { Response(status, headers: cors) }

    /// A WebSocket handshake that is refused ends its connection: what the client sends next would be frames.
    static func refusedUpgrade(_ message: String) -> Response {
        var response = Response(400, headers: [("Content-Type", "text/html")], body: Array(message.utf8))
        response.closesConnection = true
        return response
    }

    static var badSocketVersion: Response {
        var response = refusedUpgrade("Missing or invalid Sec-WebSocket-Version header")
        response.headers.append(("Sec-WebSocket-Version", "13"))
        return response
    }

    /// The CORS preflight (Fetch, "CORS-preflight fetch"): what was asked is allowed.
    static func preflight(_ request: Request, method: String) -> Response {
        var headers =
            cors + [
                ("Access-Control-Allow-Methods", "GET,HEAD,POST"), ("Access-Control-Max-Age", "600"),
                ("Vary", "Access-Control-Request-Headers"),
            ]
        if let asked = request.header("Access-Control-Request-Headers") {
            headers.append(("Access-Control-Allow-Headers", asked))
        }
        return Response(204, headers: headers)
    }
}

/// The server's side of RFC 6455, section 4.2.1: is this a handshake we can accept?
enum SocketHandshake {
    enum Verdict {
        case accept(String)
        case notWebSocket, badVersion, badKey
    }

    static func judge(_ request: Request) -> Verdict {
        guard request.method == "GET", request.minorVersion >= 1, request.wantsWebSocket else {
            return .notWebSocket
        }
        guard request.header("Sec-WebSocket-Version") == "13" else { return .badVersion }
        guard let key = request.header("Sec-WebSocket-Key"), let accept = WebSocketHandshake.accept(key: key)
        else {
            return .badKey
        }
        return .accept(accept)
    }
}
