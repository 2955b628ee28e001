"""A server of python-socketio with its own Redis manager: `python_node.py PORT URL`."""

import sys

import socketio
from aiohttp import web

port, url = int(sys.argv[1]), sys.argv[2]
sio = socketio.AsyncServer(async_mode="aiohttp", client_manager=socketio.AsyncRedisManager(url))
app = web.Application()
sio.attach(app)


@sio.on("connect", namespace="/chat")
async def come(sid, environ):
    """Whoever wants to listen to the chat may."""


@sio.event
async def shout(sid, what):
    await sio.emit("said", what)


@sio.event
async def whisper(sid, to, what):
    await sio.emit("said", what, to=to)


@sio.event
async def join(sid, who, room):
    await sio.enter_room(who, room)


@sio.event
async def room(sid, name, what):
    await sio.emit("said", what, room=name)


@sio.event
async def ask(sid, who, what):
    async def answered(*arguments):
        await sio.emit("answered", *arguments, to=sid)

    await sio.emit("question", what, to=who, callback=answered)


@sio.event
async def leave(sid, who, room):
    await sio.leave_room(who, room)


@sio.event
async def close(sid, room):
    await sio.close_room(room)


@sio.event
async def others(sid, who, what):
    await sio.emit("said", what, skip_sid=who)


@sio.event
async def kick(sid, who):
    await sio.disconnect(who)


web.run_app(app, host="127.0.0.1", port=port, print=None)
