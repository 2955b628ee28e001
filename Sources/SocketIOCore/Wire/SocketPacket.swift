/// A Socket.IO packet: what travels inside Engine.IO messages.
///
///     type [count "-"] [namespace ","] [id] [JSON]        then `count` binary messages
///
/// - Source: Socket.IO protocol 5, "Packet encoding"; socket.io-parser 4 `lib/index.ts`. Revision 3 of
///   Engine.IO carries the same form.
package struct SocketPacket: Equatable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        case connect, disconnect, event, ack
        /// "ERROR" in Socket.IO 1 and 2.
        case connectError
        case binaryEvent, binaryAck
    }

    package var kind: Kind
    package var namespace: String
    /// Asks for an acknowledgement, or names the event that is acknowledged. Decimal text, because a peer may
    /// count past 64 bits.
    package var id: String?
    package var data: JSON?

    package init(_ kind: Kind, namespace: String = "/", id: String? = nil, data: JSON? = nil) {
        self.kind = kind
        self.namespace = namespace
        self.id = id
        self.data = data
    }

    /// The text of the packet, and the bytes that must be sent right behind it, each as a message of its own.
    ///
    /// Events and acks are written in their binary kind if and only if there are bytes in them.
    package func encoded(ascii: Bool = false) -> (text: [UInt8], attachments: [[UInt8]]) {
        var attachments: [[UInt8]] = []
        var data = self.data
        if isEventOrAck, let given = data { data = given.detached(into: &attachments) }
        var text = [0x30 + writtenKind(hasAttachments: !attachments.isEmpty).rawValue]
        if !attachments.isEmpty { text += "\(attachments.count)-".utf8 }
        if namespace != "/" { text += "\(namespace),".utf8 }
        if let id { text += id.utf8 }
        if let data { text += data.bytes(ascii: ascii) }
        return (text, attachments)
    }

    private var isEventOrAck: Bool {
        switch kind {
        case .event, .ack, .binaryEvent, .binaryAck: true
        case .connect, .disconnect, .connectError: false
        }
    }

    private func writtenKind(hasAttachments: Bool) -> Kind {
        switch kind {
        case .event, .binaryEvent: hasAttachments ? .binaryEvent : .event
        case .ack, .binaryAck: hasAttachments ? .binaryAck : .ack
        case .connect, .disconnect, .connectError: kind
        }
    }
}
