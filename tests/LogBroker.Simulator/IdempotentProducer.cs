using System.Globalization;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// An idempotent producer of one partition: sends a few batches at a time, and all that were not acknowledged again, in order, until they
/// are. None may get lost, doubled or out of order, and no error may be final. One thread.
/// </summary>
internal sealed class IdempotentProducer(Clients clients, TopicPartition partition, Func<int, ProducerIdentity, int, byte[]> newBatch)
{
    private const int InFlightMax = 4;

    private readonly ClientLink _link = new(clients.Cluster.Nodes.Count);

    // From the oldest batch without an answer on: what lies behind it stays here too, for a broker remembers a few batches only.
    private readonly List<Sent> _unacknowledged = [];
    private ProducerIdentity? _identity;
    private NodeId _to = clients.Any();
    private int _nextSequence;
    private int _waiting;
    private bool _isOver;
    private BrokerError? _lastError;

    /// <summary>True when all that was sent is acknowledged.</summary>
    public bool IsDone => _unacknowledged.Count == 0;

    /// <summary>What it waits for, for people.</summary>
    public string Condition => $"{partition}: {_unacknowledged.Count} batches not acknowledged by node {_to}, last error: {_lastError}";

    public void Begin() => AskForIdentity();

    /// <summary>Sends nothing new.</summary>
    public void End() => _isOver = true;

    private void AskForIdentity()
    {
        if (_isOver)
        {
            return;
        }

        NodeId to = _to;
        clients.Ask(_link, to, b => b.InitProducer(null, CancellationToken.None), (end, answer) =>
        {
            if (end == CallEnd.Answered && answer!.IsOk)
            {
                _identity = answer.Value;
                Round();
                return;
            }

            _to = clients.Next(end == CallEnd.Answered ? answer!.Error : null);
            Later(AskForIdentity);
        });
    }

    private void Later(Action action) =>
        clients.Cluster.Scheduler.After(SimScheduler.Ms(clients.Random.Between(1, clients.Swarm.ProduceMsMax)), action);

    /// <summary>Sends what is left and, unless there is much of it, something new; then waits for all answers.</summary>
    private void Round()
    {
        int count = (int)clients.Random.Between(1, InFlightMax);
        while (!_isOver && _unacknowledged.Count < count)
        {
            int records = (int)clients.Random.Between(1, 4);
            _unacknowledged.Add(new Sent(newBatch(records, _identity!.Value, _nextSequence), _nextSequence));
            _nextSequence += records;
        }

        Sent[] missing = [.. _unacknowledged.Where(s => !s.IsAcknowledged)];
        _waiting = missing.Length;
        foreach (Sent sent in missing)
        {
            clients.Produce(_link, _to, partition, sent.Batch, (end, outcome) => Ended(sent, end, outcome));
        }

        if (_waiting == 0 && !_isOver)
        {
            Later(Round);
        }
    }

    private void Ended(Sent sent, CallEnd end, ProduceOutcome outcome)
    {
        if (end == CallEnd.Answered && outcome.Error is null)
        {
            sent.IsAcknowledged = true;
        }
        else if (end == CallEnd.Answered)
        {
            _lastError = outcome.Error;
            RequireRetriable(outcome.Error!);
        }

        if (--_waiting > 0)
        {
            return;
        }

        while (_unacknowledged.Count > 0 && _unacknowledged[0].IsAcknowledged)
        {
            _unacknowledged.RemoveAt(0);
        }

        if (_unacknowledged.Count > 0)
        {
            _to = clients.Next(end == CallEnd.Answered ? outcome.Error : null);
        }

        Later(Round);
    }

    /// <summary>
    /// A batch may be told to wait for one in front of it that is not written yet. Every other error that no retry helps against means that
    /// the broker forgot something.
    /// </summary>
    private void RequireRetriable(BrokerError error)
    {
        bool isGap = error.Code is ErrorCode.OutOfOrderSequence or ErrorCode.UnknownProducer
            && _unacknowledged.Exists(s => !s.IsAcknowledged && s.Sequence == ExpectedOf(error));
        bool isPassing = error.Code is ErrorCode.OutcomeUnknown or ErrorCode.PartitionQuarantined or ErrorCode.UnknownTopicOrPartition;
        if (isGap || isPassing || ErrorCatalogue.Get(error.Code).IsRetriable)
        {
            return;
        }

        throw new SimViolation("ProducersGoOn", $"{partition}: an idempotent producer got {error}");
    }

    private static int ExpectedOf(BrokerError error) =>
        error.Metadata.TryGetValue("expectedSequence", out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : -1;

    private sealed class Sent(byte[] batch, int sequence)
    {
        public byte[] Batch => batch;

        public int Sequence => sequence;

        public bool IsAcknowledged { get; set; }
    }
}
