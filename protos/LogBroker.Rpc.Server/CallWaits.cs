namespace LogBroker.Rpc.Server;

/// <summary>
/// Timestamps since when a call waits for the peer, 0 while it does not. Told by the call's reader and writer when they
/// really wait, read by the sweep: so that no timer is needed per message.
/// </summary>
internal sealed class CallWaits
{
    private long _messageSince;
    private long _idleSince;
    private long _flushSince;

    /// <summary>For the rest of a message.</summary>
    public long MessageSince => Volatile.Read(ref _messageSince);

    /// <summary>For the next message of a stream.</summary>
    public long IdleSince => Volatile.Read(ref _idleSince);

    /// <summary>For the client to take what was written.</summary>
    public long FlushSince => Volatile.Read(ref _flushSince);

    public void ForMessage(long now)
    {
        if (_messageSince == 0)
            Volatile.Write(ref _messageSince, now);
        Volatile.Write(ref _idleSince, 0);
    }

    public void ForStream(long now)
    {
        if (_idleSince == 0)
            Volatile.Write(ref _idleSince, now);
    }

    public void GotMessage()
    {
        Volatile.Write(ref _messageSince, 0);
        Volatile.Write(ref _idleSince, 0);
    }

    public void ForFlush(long now) => Volatile.Write(ref _flushSince, now);

    public void Flushed() => Volatile.Write(ref _flushSince, 0);
}
