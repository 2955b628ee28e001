internal import SocketIOCore

/// The server's side of RFC 6455, section 4.2.1: is this a handshake we can accept?
enum SocketHandshake {
    enum Verdict {
        case accept(String)
        case notWebSocket, badVersion, badKey
    }

    /// - Parameter versions: 7 and 8 are drafts of the same framing and handshake, which browsers of 2011 speak.
    static func judge(_ request: Request, versions: Set<String> = ["13"]) -> Verdict {
        // A body would stand where frames begin, and some proxy may take it for these.
        guard request.method == "GET", request.minorVersion >= 1, request.wantsWebSocket, request.body.isEmpty
        else {
            return .notWebSocket
        }
        // Each of them once (RFC 6455, 11.3): of two, nobody can say which a proxy on the way has gone by.
        guard let version = request.onlyHeader("Sec-WebSocket-Version"), versions.contains(version) else {
            return .badVersion
        }
        guard let key = request.onlyHeader("Sec-WebSocket-Key"),
            let accept = WebSocketHandshake.accept(key: key)
        else {
            return .badKey
        }
        return .accept(accept)
    }

    /// The answer to the key of a handshake for a bare WebSocket; nil when there can be none, and `link` has been
    /// told why.
    static func accept(_ request: Request, on link: any Link) -> String? {
        switch judge(request) {
        case .accept(let accept): return accept
        case .notWebSocket where !request.wantsWebSocket && !["GET", "HEAD"].contains(request.method):
            link.respond(.methodNotAllowed("GET"))
        case .notWebSocket where !request.wantsWebSocket:
            var response = Response.text(426, "Open this address with a WebSocket client.\n")
            if request.header("upgrade") != nil { response = .text(400, "Not a WebSocket request") }
            response.headers.append(("Upgrade", "websocket"))
            link.respond(response)
        case .notWebSocket: link.respond(refusal("Not a WebSocket request"))
        case .badVersion:
            let version = request.header("Sec-WebSocket-Version") ?? ""
            var response = refusal("Unsupported WebSocket version: \(version)")
            response.headers.append(("Sec-WebSocket-Version", "13"))
            link.respond(response)
        case .badKey:
            let isMissing = request.header("Sec-WebSocket-Key") == nil
            link.respond(
                refusal("\(isMissing ? "Missing" : "Invalid") handshake request header: Sec-WebSocket-Key"))
        }
        return nil
    }

    private static func refusal(_ message: String) -> Response {
        var response = Response.text(400, message)
        response.closesConnection = true
        return response.noting("bad WebSocket handshake", value: message)
    }

    /// A reader without Socket.IO that the operator, or the application, does not let in.
    static func refused(_ refusal: Refusal, _ request: Request) -> Response {
        let message = String(decoding: JSON.quoted(refusal.message), as: UTF8.self)
        var response = Response.json(refusal.status, #"{"error":\#(message)\#(refusal.details)}"#)
        response.closesConnection = request.wantsWebSocket
        response.refusal = refusal.note
        return response
    }
}

extension Request {
    /// The header of this name, if there is exactly one.
    fileprivate func onlyHeader(_ name: String) -> String? {
        let values = headers.filter { $0.name.equalsIgnoringCase(name) }
        return values.count == 1 ? values[0].value : nil
    }
}
