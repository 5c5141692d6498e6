using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>A producer id and its epoch; <see cref="None"/> for batches without one.</summary>
internal readonly record struct ProducerIdentity(ProducerId Id, short Epoch)
{
    public static ProducerIdentity None => new(ProducerId.None, -1);

    /// <summary>The sequence number <paramref name="records"/> further on; it wraps from 2^31 - 1 to 0.</summary>
    public static int NextSequence(int sequence, int records) => (int)(((long)sequence + records) & int.MaxValue);
}
