internal import SocketIOCore

/// What comes from outside for the sockets of this loop.
extension Shard {
    func deliver(_ broadcast: Broadcast, to selection: Selection, at now: Instant) {
        guard let local = local(named: broadcast.namespace) else { return }
        var forms = [[Outgoing]?](repeating: nil, count: FrameForm.allCases.count)
        for client in local.selected(selection) {
            let packets = forms[client.form.rawValue] ?? broadcast.packets(for: client.form)
            forms[client.form.rawValue] = packets
            client.deliver(broadcast, packets, isVolatile: selection.isVolatile, at: now)
        }
    }

    func rooms(_ rooms: Set<String>, of socket: Socket, areJoined: Bool) {
        guard let client = client(socket.sid), let index = client.membership(of: socket.namespace.name),
            client.memberships[index].socket === socket
        else { return }
        let local = client.memberships[index].local
        if areJoined {
            local.join(client, rooms: rooms)
            socket.foundRooms.formUnion(rooms)
        } else {
            local.leave(client, rooms: rooms)
            socket.foundRooms.subtract(rooms)
        }
    }

    func perform(_ message: ClusterMessage, in name: String, at now: Instant) {
        switch message {
        case .join(let selection, let rooms):
            for socket in sockets(selection, in: name) {
                // One that would be in too many rooms stays in those it has.
                guard (try? socket.noted(joined: rooms)) != nil else { continue }
                self.rooms(rooms, of: socket, areJoined: true)
            }
        case .leave(let selection, let rooms):
            for socket in sockets(selection, in: name) {
                socket.noted(left: rooms)
                self.rooms(rooms, of: socket, areJoined: false)
            }
        case .disconnect(let selection, let closes):
            for client in local(named: name)?.selected(selection) ?? [] {
                client.disconnect(from: name, closes: closes, at: now)
            }
        default: break
        }
    }

    func describe(_ selection: Selection, in name: String) -> [SocketDescription] {
        sockets(selection, in: name).map(\.description)
    }

    /// - Returns: how many clients were asked.
    func ask(
        _ event: [JSON], _ selection: Selection, timeout: Duration, in name: String, at now: Instant,
        _ answered: @escaping @Sendable ([JSON]) -> Void
    ) -> Int {
        let clients = local(named: name)?.selected(selection) ?? []
        for client in clients {
            let question = ClientQuestion { result in
                if case .success(let reply) = result { answered(reply.arguments) }
            }
            client.ask(event, question, timeout: timeout, namespace: name, at: now)
        }
        return clients.count
    }

    private func sockets(_ selection: Selection, in name: String) -> [Socket] {
        (local(named: name)?.selected(selection) ?? []).compactMap { client in
            client.membership(of: name).map { client.socket(at: $0) }
        }
    }
}
