internal import SocketIOCore

/// The Socket.IO packets of a client over Engine.IO.
extension EngineClient {
    /// The Engine.IO handshake: `0{…}`, with these keys in this order, times in milliseconds.
    func openPacket(upgrades: Bool) -> Outgoing {
        let settings = shard.server.settings
        let json =
            #"0{"sid":"\#(sid)","upgrades":[\#(upgrades ? #""websocket""# : "")],"#
            + #""pingInterval":\#(settings.pingInterval.wholeMilliseconds),"#
            + #""pingTimeout":\#(settings.pingTimeout.wholeMilliseconds)"#
            + (isRevision4 ? #","maxPayload":\#(settings.maxPayload)}"# : "}")
        return .text(Array(json.utf8))
    }

    func send(_ packet: SocketPacket, at now: Instant) {
        let (text, attachments) = packet.encoded(ascii: !isRevision4)
        queue(.text([UInt8(ascii: "4")] + text), at: now)
        for attachment in attachments { queue(.binary(attachment), at: now) }
    }

    func receive(
        at now: Instant, _ decode: (inout SocketPacketDecoder) throws(SocketPacketError) -> SocketPacket?
    ) {
        do throws(SocketPacketError) {
            if let packet = try decode(&decoder) { receive(packet, at: now) }
        } catch {
            close(.parseError, at: now)
        }
    }

    private func receive(_ packet: SocketPacket, at now: Instant) {
        let name = isRevision4 ? packet.namespace : String(packet.namespace.prefix { $0 != "?" })
        switch (packet.kind, membership(of: name)) {
        case (.connect, nil) where !isJoining(name): connect(name, packet, at: now)
        case (.disconnect, let index?): leave(index, .clientNamespaceDisconnect, at: now)
        case (.disconnect, nil) where isJoining(name): joining.removeAll { $0.name == name }
        case (.event, let index?): receive(event: packet, in: index, at: now)
        case (.ack, let index?):
            if let id = packet.id { answered(id, packet.data?.array ?? [], in: index) }
        // The decoder gives binary kinds as their plain ones.
        case (.binaryEvent, .some), (.binaryAck, .some): break
        // Before revision 4 a second CONNECT is confirmed again, and a stray packet ignored.
        case (.connect, .some) where !isRevision4: send(SocketPacket(.connect, namespace: name), at: now)
        case _ where !isRevision4: break
        default: close(.parseError, at: now)
        }
    }

    /// The name of an event may be a number.
    private func receive(event packet: SocketPacket, in index: Int, at now: Instant) {
        guard case .array(let items)? = packet.data else { return }
        switch items.first {
        case .string(let name): received(name, Array(items.dropFirst()), id: packet.id, in: index, at: now)
        case .number(let name): received(name, Array(items.dropFirst()), id: packet.id, in: index, at: now)
        default: break
        }
    }

    private func connect(_ name: String, _ packet: SocketPacket, at now: Instant) {
        guard !isRevision4 else { return connect(to: name, auth: packet.data, at: now) }
        let query = packet.namespace.dropFirst(name.count + 1)
        connect(to: name, query: String(query), at: now)
    }

    // MARK: Client

    /// From revision 4 on both ids are made of the sid, so that nobody has to keep them, and the public one of the
    /// private one, so that a reader that comes back to another node is known by its old name.
    func identity(in namespace: Namespace, joins: UInt32) -> Identity {
        guard isRevision4 else {
            return Identity(id: namespace.name == "/" ? sid : "\(namespace.name)#\(sid)")
        }
        let pid = SessionID.publicID(for: "\(sid) \(joins) \(namespace.name)")
        return Identity(id: SessionID.publicID(for: pid), pid: pid)
    }

    func joined(_ namespace: Namespace, at now: Instant) { session.namespaceJoined() }

    func frameMaker(namespace: String) -> @Sendable (FeedEvent) -> Frame {
        let isRevision4 = isRevision4
        return { event in
            var data: [JSON] = [.string(event.name), .string(event.text)]
            // The recovery offset, one more last argument, which clients before revision 4 know nothing of.
            if isRevision4 { data.append(.string(event.cursor)) }
            let packet = SocketPacket(.event, namespace: namespace, data: .array(data))
            return .message([UInt8(ascii: "4")] + packet.encoded(ascii: !isRevision4).text)
        }
    }

    func sendConnected(_ identity: Identity, namespace: Namespace, at now: Instant) {
        var reply: [JSON.Member] = []
        if isRevision4 {
            reply.append(.init("sid", .string(identity.id)))
            // A pid is for those who may come back to something.
            if namespace.feed != nil || namespace.recovery != nil, let pid = identity.pid {
                reply.append(.init("pid", .string(pid)))
            }
        }
        send(
            SocketPacket(
                .connect, namespace: namespace.name, data: reply.isEmpty ? nil : .object(reply)), at: now)
    }

    func sendUnknown(namespace: String, at now: Instant) {
        sendRefusal(ConnectError("Invalid namespace"), namespace: namespace, at: now)
    }

    /// Before revision 4 there was no object: the data, or else the message.
    func sendRefusal(_ error: ConnectError, namespace: String, at now: Instant) {
        var members: [JSON.Member] = [.init("message", .string(error.message))]
        if let data = error.data { members.append(.init("data", data)) }
        let data = isRevision4 ? .object(members) : error.data ?? .string(error.message)
        send(SocketPacket(.connectError, namespace: namespace, data: data), at: now)
    }
}
