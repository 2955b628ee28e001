internal import SocketIOCore

/// What the application says to a handshake.
public enum Authorization: Equatable, Sendable {
    /// The client may come in.
    case allowed
    /// - Parameter reason: for clients from Socket.IO 1.0 on; nil says "Forbidden".
    case refused(reason: String? = nil)
    /// The application could not tell.
    case failed
}

/// Why a handshake is not accepted.
enum Refusal: Equatable, Sendable {
    case origin(OriginFault)
    case unauthorized(reason: String?)
    case failed

    /// The page that asks is not one of those the operator, or the server's own host, lets in.
    var isOfOrigin: Bool { if case .origin = self { true } else { false } }

    var status: Int { self == .failed ? 500 : 403 }

    var note: RefusalNote {
        switch self {
        case .origin(let fault):
            RefusalNote(
                "origin", value: "\(fault.received ?? "none") instead of \(fault.expected)",
                setting: "--origins")
        case .unauthorized: RefusalNote("authorization", setting: "--authorization")
        case .failed: RefusalNote("authorization failed")
        }
    }

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

    /// What the refusal is about, as further members of a JSON object; empty when there is nothing to say.
    var details: String {
        guard case .origin(let fault) = self else { return "" }
        func quoted(_ text: String) -> String { String(decoding: JSON.quoted(text), as: UTF8.self) }
        return #","origin":\#(fault.received.map(quoted) ?? "null"),"expected":\#(quoted(fault.expected)),"#
            + #""setting":"--origins""#
    }
}

extension Server {
    /// Judges a handshake, of Socket.IO or of a plain reader: the origin first, then the application.
    ///
    /// - Parameter isReadingOnly: nothing can be said there, so a page of another host does no harm.
    func refusal(of request: Request, isReadingOnly: Bool = false) -> Refusal? {
        let isJudged = !isReadingOnly || settings.origins != .same
        if isJudged, let fault = settings.origins.fault(in: request) { return .origin(fault) }
        switch authorize(request) {
        case .allowed: return nil
        case .refused(let reason): return .unauthorized(reason: reason)
        case .failed: return .failed
        }
    }
}
