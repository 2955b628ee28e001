package import SocketIOCore

/// One client connection as everything above the edge sees it: the edge's own, one on another event loop, or the
/// simulation's.
///
/// A link carries one exchange at a time: an answer, a stream, or a WebSocket. Writes after the head of a stream
/// or a handshake wait for ``flush()``, so that the first stanza leaves in the same write.
///
/// Owner: the event loop of the shard that it was given to.
package protocol Link: AnyObject {
    /// Who hears of this link; set by whoever takes the request, cleared by an answer.
    var delegate: (any LinkDelegate)? { get set }
    /// Nothing written before is still waiting for the client. What waits for ``flush()`` alone does not count.
    var isReady: Bool { get }
    /// One whole answer.
    func respond(_ response: Response)
    /// One whole answer that needs the counts of all event loops.
    func respond(counted make: @escaping @Sendable (Totals) -> Response)
    /// The head of a stream; ``write(_:)`` then adds chunks.
    func openStream(_ head: Response)
    /// 101: from here on this is a WebSocket.
    ///
    /// - Parameter maxMessageBytes: of what comes in; nil: the server's ``Settings/maxPayload``.
    func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?)
    /// A shared frame, already framed for this link's exchange.
    func write(_ frame: Frame)
    /// A packet for this client alone, as one WebSocket message.
    func write(_ packet: Outgoing)
    /// A WebSocket ping.
    func ping()
    func flush()
    /// What is written from here on waits for ``flush()`` and leaves as one: what belongs together is not parted by
    /// a network that breaks. False: nothing changes, because it waits already or cannot.
    func cork() -> Bool
    /// Ends a stream; the connection may serve another request.
    func endStream()
    /// Begins the closing handshake of a WebSocket; nil sends a close frame without a code.
    func closeSocket(code: UInt16?)
    /// Ends the connection without a word.
    func abort()
}

extension Link {
    package func cork() -> Bool { false }

    func openSocket(accept: String, headers: [(name: String, value: String)]) {
        openSocket(accept: accept, headers: headers, maxMessageBytes: nil)
    }
}

/// Who hears what happens on a link. Always called on the loop that owns the session.
package protocol LinkDelegate: AnyObject {
    /// How this is counted, when it has no session that is.
    var plainTransport: String? { get }
    /// What was written has gone out.
    func linkReady(_ link: any Link, at now: Instant)
    func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant)
    func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant)
    /// The connection is gone, or the WebSocket's closing handshake has begun at the client.
    func linkClosed(_ link: any Link, at now: Instant)
    /// The body of the request was refused by the edge, which has answered.
    func linkRefusedBody(_ link: any Link, at now: Instant)
    /// The server stops: say goodbye.
    func linkMustEnd(_ link: any Link, at now: Instant)
}

extension LinkDelegate {
    package var plainTransport: String? { nil }
}
