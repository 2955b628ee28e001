/// permessage-deflate as a server agrees to it: every message is compressed by itself, in both directions.
///
/// - Why: without context takeover no connection holds a window (zlib: 256 kB to deflate, 39 kB to inflate), and a
///   broadcast is compressed once for everybody. A server may ask for that in its answer whether it was offered or
///   not (RFC 7692, 7.1.1).
/// - Errors: an offer with a parameter that is unknown, doubled or out of its range is passed over, as the RFC
///   wants it; without any other the connection goes on uncompressed.
/// - Source: RFC 7692, 5 (negotiation) and 7.1 (parameters).
package struct PerMessageDeflate: Equatable, Sendable {
    /// How far back what the server sends may refer, as a power of two: 8 to 15.
    package private(set) var serverWindowBits: UInt8 = 15
    private var namesServerWindow = false
    /// What the client has said it will keep to; we could read any.
    private var clientWindowBits: UInt8?

    /// The first offer of a `Sec-WebSocket-Extensions` header that can be accepted; nil when there is none.
    package init?(offers header: String) {
        for offer in WebSocketExtensions(header).offers where offer.name == Self.name {
            if let accepted = Self(offer) {
                self = accepted
                return
            }
        }
        return nil
    }

    private init?(_ offer: WebSocketExtensions.Offer) {
        var seen: Set<String> = []
        for parameter in offer.parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil), ("client_no_context_takeover", nil): break
            case ("client_max_window_bits", nil): break
            case ("client_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                clientWindowBits = bits
            case ("server_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                serverWindowBits = bits
                namesServerWindow = true
            default: return nil
            }
        }
    }

    private static let name = "permessage-deflate"

    /// 8 to 15, in decimal and without leading zeros (RFC 7692, 7.1.2).
    private static func windowBits(_ text: String) -> UInt8? {
        guard let bits = UInt8(text), (8...15).contains(bits), String(bits) == text else { return nil }
        return bits
    }

    /// The value of the answer's `Sec-WebSocket-Extensions`.
    package var answer: String {
        var text = Self.name + "; server_no_context_takeover; client_no_context_takeover"
        if namesServerWindow { text += "; server_max_window_bits=\(serverWindowBits)" }
        if let clientWindowBits { text += "; client_max_window_bits=\(clientWindowBits)" }
        return text
    }
}

/// DEFLATE (RFC 1951) of whole messages, each by itself. This module has none: the edge brings the system's.
///
/// Owner: one event loop.
package protocol DeflateCodec: AnyObject {
    /// A message in the form of RFC 7692, 7.2.1: flushed, without the four bytes 00 00 FF FF at its end.
    ///
    /// - Parameter windowBits: 8 to 15; nothing refers further back than that.
    /// - Returns: nil when it cannot be done; the message then goes as it is.
    func deflate(_ message: [UInt8], windowBits: UInt8) -> [UInt8]?

    /// The message that was compressed to these bytes.
    ///
    /// - Parameter limit: bytes of the message; no more are made of it, so that a bomb costs no memory.
    func inflate(_ bytes: [UInt8], atMost limit: Int) throws(InflateFault) -> [UInt8]
}

/// The peer's fault.
package enum InflateFault: Error {
    case tooBig, malformed
}
