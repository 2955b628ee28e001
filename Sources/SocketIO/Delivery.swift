internal import SocketIOCore

/// From any task, or from another node, to the sockets of this one.
extension Namespace {
    /// From this node, to its sockets and to the other nodes.
    ///
    /// - Parameter event: its name, then its arguments.
    func say(_ event: [JSON], to selection: Selection, isLocal: Bool, by hub: Hub) {
        guard let recovery, !selection.isVolatile else {
            send(Broadcast(event, namespace: name), to: selection, by: hub)
            if !isLocal { hub.publish(.broadcast(selection, event: event), in: name) }
            return
        }
        // Published in the order of the numbers, so that who has heard one has heard those before it.
        recovery.record(event, for: selection, at: hub.now, isShared: !isLocal) { broadcast, mark in
            send(broadcast, to: selection, by: hub)
            if let mark {
                hub.publish(.recoverable(selection, event: event, mark: mark), in: name)
            } else if !isLocal {
                hub.publish(.broadcast(selection, event: event), in: name)
            }
        }
    }

    /// From another node.
    ///
    /// - Parameter mark: nil from servers of another kind: two nodes cannot know that they have heard the same.
    func hear(_ event: [JSON], mark: EventMark?, to selection: Selection, by hub: Hub) {
        guard let recovery, !selection.isVolatile else {
            return send(Broadcast(event, namespace: name), to: selection, by: hub)
        }
        if let mark {
            recovery.hear(event, for: selection, mark: mark, at: hub.now) {
                send($0, to: selection, by: hub)
            }
        } else {
            recovery.record(event, for: selection, at: hub.now, isShared: false) { broadcast, _ in
                send(broadcast, to: selection, by: hub)
            }
        }
    }

    private func send(_ broadcast: Broadcast, to selection: Selection, by hub: Hub) {
        hub.everywhere { shard, now in shard.deliver(broadcast, to: selection, at: now) }
    }

    /// Instructions for sockets, from here or from another node.
    func perform(_ message: ClusterMessage, by hub: Hub) {
        hub.everywhere { [name] shard, now in shard.perform(message, in: name, at: now) }
    }
}

extension BroadcastOperator {
    func fetch() async -> [RemoteSocket] {
        guard let hub = namespace.hub else { return [] }
        let peers = isLocal ? 0 : await hub.adapter?.peerCount(in: namespace.name) ?? 0
        // One part is held until it is known how many loops there are.
        let question = hub.questions.open(parts: peers + 1)
        namespace.find(selection, by: hub) { question.found($0) }
        if peers > 0 { hub.publish(.fetch(selection, question: question.id), in: namespace.name) }
        _ = await question.wait(timeout)
        hub.questions.close(question)
        return question.sockets.map { RemoteSocket(namespace: namespace, description: $0) }
    }

    func ask(_ event: [JSON]) async throws -> [Reply] {
        guard let hub = namespace.hub else { return [] }
        let peers = isLocal ? 0 : await hub.adapter?.peerCount(in: namespace.name) ?? 0
        let question = hub.questions.open(parts: peers + 1)
        namespace.ask(
            event, selection, timeout: timeout, by: hub, asked: { question.asked($0) },
            answered: { question.answered($0) })
        if peers > 0 {
            hub.publish(.broadcast(selection, event: event, question: question.id), in: namespace.name)
        }
        return try await replies(to: question, by: hub)
    }

    func askServers(_ event: [JSON]) async throws -> [Reply] {
        guard let hub = namespace.hub else { return [] }
        let peers = await hub.adapter?.peerCount(in: namespace.name) ?? 0
        guard peers > 0 else { return [] }
        let question = hub.questions.open(parts: peers)
        hub.publish(.serverSide(event: event, question: question.id), in: namespace.name)
        return try await replies(to: question, by: hub)
    }

    private func replies(to question: Question, by hub: Hub) async throws -> [Reply] {
        let isComplete = await question.wait(timeout)
        hub.questions.close(question)
        let replies = question.answers.map { Reply(arguments: $0) }
        guard isComplete else { throw BroadcastTimeout(replies: replies, missing: question.missing) }
        return replies
    }
}

extension Namespace {
    /// The selected sockets of this node, once.
    func find(
        _ selection: Selection, by hub: Hub, found: @escaping @Sendable ([SocketDescription]) -> Void
    ) {
        let gathering = Gathering<SocketDescription> { found($0) }
        let loops = hub.everywhere { [name] shard, _ in
            gathering.add(shard.describe(selection, in: name))
        }
        gathering.expect(loops)
    }

    /// Asks the selected clients of this node: `asked` hears once how many, `answered` each answer.
    func ask(
        _ event: [JSON], _ selection: Selection, timeout: Duration, by hub: Hub,
        asked: @escaping @Sendable (Int) -> Void, answered: @escaping @Sendable ([JSON]) -> Void
    ) {
        let gathering = Gathering<Bool> { asked($0.count) }
        let loops = hub.everywhere { [name] shard, now in
            let clients = shard.ask(event, selection, timeout: timeout, in: name, at: now, answered)
            gathering.add(Array(repeating: true, count: clients))
        }
        gathering.expect(loops)
    }
}

/// What another node says.
struct ClusterEar: ClusterReceiver {
    let registry: Registry

    func received(_ message: ClusterMessage, in name: String) {
        let hub = registry.hub
        switch message {
        case .asked(let question, let clients): return hub.questions[question]?.asked(clients) ?? ()
        case .acknowledged(let question, let answer):
            return hub.questions[question]?.answered(answer) ?? ()
        case .fetched(let question, let sockets): return hub.questions[question]?.found(sockets) ?? ()
        case .serverSideAnswer(let question, let answer):
            return hub.questions[question]?.answered(byPart: answer) ?? ()
        case .broadcast, .recoverable, .join, .leave, .disconnect, .fetch, .serverSide: break
        }
        // Questions are answered also by a node that has no such namespace: they wait for every node.
        let namespace = registry.known(name) ?? Namespace(name)
        switch message {
        case .broadcast(let selection, let event, nil):
            namespace.hear(event, mark: nil, to: selection, by: hub)
        case .recoverable(let selection, let event, let mark):
            namespace.hear(event, mark: mark, to: selection, by: hub)
        case .broadcast(let selection, let event, let question?):
            // The asking node keeps the time; this is when a client's silence is forgotten.
            namespace.ask(
                event, selection, timeout: .seconds(60), by: hub,
                asked: { hub.publish(.asked(question, clients: $0), in: name) },
                answered: { hub.publish(.acknowledged(question, $0), in: name) })
        case .join, .leave, .disconnect: namespace.perform(message, by: hub)
        case .fetch(let selection, let question):
            namespace.find(selection, by: hub) { hub.publish(.fetched(question, $0), in: name) }
        case .serverSide(let event, let question):
            namespace.hear(event, by: hub) { answer in
                if let question { hub.publish(.serverSideAnswer(question, answer), in: name) }
            }
        case .asked, .acknowledged, .fetched, .serverSideAnswer: break
        }
    }

    func taken(pid: String, in name: String) { registry.known(name)?.recovery?.taken(pid: pid) }
}

extension Namespace {
    fileprivate func hear(_ event: [JSON], by hub: Hub, answer: @escaping @Sendable ([JSON]) -> Void) {
        guard let name = event.first?.string, let handler = handlers.serverSide[name] else {
            return answer([])
        }
        Task {
            do {
                answer(try await handler(Array(event.dropFirst())))
            } catch {
                hub.report(
                    HandlerFailure(namespace: self.name, socketID: "", event: name, error: error))
                answer([])
            }
        }
    }
}
