using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Hands out producer ids, never one twice: takes them in blocks, each a committed record of the metadata log, and forgets the rest
/// of a block at a restart. Ownership: under the lock of changes.
/// </summary>
internal sealed class ProducerIdAllocator(MetadataLog metadata)
{
    private const int BlockIds = 1000;

    private long _next;
    private long _end;

    /// <summary>A producer id that nobody had before.</summary>
    public async Task<Result<ProducerId>> Next(long nowMs)
    {
        if (_next == _end)
        {
            ProducerId first = metadata.State.NextProducerId;
            if (await metadata.Change([new MetadataRecord.ProducerIdsTaken(first, BlockIds)], nowMs) is { } error)
            {
                return error;
            }

            _next = first.Value;
            _end = first.Value + BlockIds;
        }

        return new ProducerId(_next++);
    }

    /// <summary>True when this id was handed out, in this life or an earlier one.</summary>
    public bool WasTaken(ProducerId id)
    {
        bool isYetToCome = id.Value >= _next && id.Value < _end;
        return id.Value > 0 && id.Value < metadata.State.NextProducerId.Value && !isYetToCome;
    }
}
