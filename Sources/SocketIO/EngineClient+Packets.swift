internal import SocketIOCore

/// The Socket.IO packets of a client over Engine.IO.
extension EngineClient {
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
        case (.connect, nil): connect(name, packet, at: now)
        case (.disconnect, let index?): leave(index)
        case (.event, let index?): receive(event: packet, in: index, at: now)
        // We ask for no acknowledgements, and one nobody asked for is harmless. The decoder gives binary kinds as
        // their plain ones.
        case (.ack, .some), (.binaryEvent, .some), (.binaryAck, .some): break
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
        guard let namespace = shard.server.namespaces[name] else {
            return refuse(name, "Invalid namespace", at: now)
        }
        guard memberships.count < shard.server.settings.maxNamespaces else {
            return refuse(name, "Too many namespaces", at: now)
        }
        session.namespaceJoined()
        guard isRevision4 else {
            send(SocketPacket(.connect, namespace: name), at: now)
            join(namespace, after: cursor, at: now)
            return
        }
        let offset = packet.data?["offset"]?.string
        let isValid = join(namespace, after: offset ?? cursor, at: now)
        var pid = shard.newID()
        // The pid says "recovered" to a client that gets its own one back. Any node can do that: the cursor is all
        // there is to know.
        if isValid, offset != nil, let known = packet.data?["pid"]?.string, SessionID.place(of: known) != nil
        {
            pid = known
        }
        let sid = SessionID.publicID(for: pid)
        let reply: JSON = .object([.init("sid", .string(sid)), .init("pid", .string(pid))])
        send(SocketPacket(.connect, namespace: name, data: reply), at: now)
    }

    private func refuse(_ namespace: String, _ message: String, at now: Instant) {
        let data: JSON = isRevision4 ? .object([.init("message", .string(message))]) : .string(message)
        send(SocketPacket(.connectError, namespace: namespace, data: data), at: now)
    }
}
