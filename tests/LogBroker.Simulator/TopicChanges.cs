using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// Who makes topics before anything else can happen, and changes them meanwhile: trims, new partitions, topics that come and go. One
/// thread.
/// </summary>
internal sealed class TopicChanges(Clients clients)
{
    private readonly ClientLink _link = new(clients.Cluster.Nodes.Count);
    private readonly Dictionary<TopicPartition, Offset> _trimmed = [];
    private NodeId _to = clients.Any();
    private int _passing;
    private bool _isOver;

    /// <summary>The topics that stay, with their partitions as far as they are known to be there.</summary>
    public List<TopicPartition> Partitions { get; } = [];

    public Offset TrimmedUpto(TopicPartition partition) => _trimmed.GetValueOrDefault(partition, Offset.Zero);

    /// <summary>Makes a topic, again and again until it is there.</summary>
    public void Create(string topic, int partitions, Action made)
    {
        var command = new CreateTopicCommand(topic, partitions, 0, Config(clients.Swarm), topic, false);
        clients.Ask(_link, _to, b => b.CreateTopic(command, CancellationToken.None), (end, answer) =>
        {
            bool isMade = end == CallEnd.Answered && (answer!.IsOk || answer.Error!.Code == ErrorCode.TopicAlreadyExists);
            if (isMade)
            {
                Partitions.AddRange(Enumerable.Range(0, partitions).Select(p => new TopicPartition(topic, p)));
                made();
                return;
            }

            Retry(end, end == CallEnd.Answered ? answer!.Error : null, () => Create(topic, partitions, made));
        });
    }

    public void Begin() => Plan();

    private static Dictionary<string, string> Config(Swarm swarm) => swarm.Compacts
        ? new Dictionary<string, string>
        {
            ["cleanup.policy"] = "compact,delete",
            ["segment.ms"] = "1000",
            ["min.cleanable.dirty.ratio"] = "0",
            ["delete.retention.ms"] = "2000",
        }
        : [];

    public void End() => _isOver = true;

    private void Retry(CallEnd end, BrokerError? error, Action again)
    {
        clients.Cluster.Trace.Note("change failed", 0, (long)end, (long)(error?.Code ?? 0), details: error?.Message ?? end.ToString());
        _to = clients.Next(error);
        clients.Cluster.Scheduler.After(SimScheduler.Ms(clients.Random.Between(5, 200)), again);
    }

    private void Plan()
    {
        if (clients.Swarm.ChangesPerSecond > 0)
        {
            double ms = 1_000 / clients.Swarm.ChangesPerSecond;
            clients.Cluster.Scheduler.After(SimScheduler.Ms(clients.Random.NextDouble() * 2 * ms), Change);
        }
    }

    private void Change()
    {
        if (_isOver)
        {
            return;
        }

        Plan();
        switch (clients.Random.Next(4))
        {
            case 0:
                Grow();
                break;
            case 1:
                CreateAndDelete();
                break;
            default:
                Trim();
                break;
        }
    }

    private void Trim()
    {
        TopicPartition partition = clients.Random.Pick(Partitions);
        if (clients.Cluster.Checks.Find(partition) is not { } known || known.CommittedEnd == Offset.Zero)
        {
            return;
        }

        var before = new Offset(clients.Random.Between(0, known.CommittedEnd.Value));
        _trimmed[partition] = Offset.Max(before, TrimmedUpto(partition));
        clients.Ask(_link, clients.Any(), b => b.DeleteRecords(partition, before, false, CancellationToken.None), static (_, _) => { });
    }

    private void Grow()
    {
        string topic = clients.Random.Pick(Partitions).Topic;
        int count = Partitions.Count(p => p.Topic == topic) + 1;
        if (count > 4)
        {
            return;
        }

        clients.Ask(_link, _to, b => b.AddPartitions(topic, count, false, CancellationToken.None), (end, answer) =>
        {
            var added = new TopicPartition(topic, count - 1);
            if (end == CallEnd.Answered && answer!.IsOk && !Partitions.Contains(added))
            {
                Partitions.Add(added);
            }
        });
    }

    private void CreateAndDelete()
    {
        string topic = $"passing-{++_passing}";
        var command = new CreateTopicCommand(topic, 1, 0, new Dictionary<string, string>(), topic, false);
        clients.Ask(_link, _to, b => b.CreateTopic(command, CancellationToken.None), (end, answer) =>
        {
            if (end == CallEnd.Answered && answer!.IsOk)
            {
                clients.Cluster.Scheduler.After(SimScheduler.Ms(clients.Random.Between(1, 1_000)), () => clients.Ask(
                    _link, _to, b => b.DeleteTopic(topic, null, false, CancellationToken.None), static (_, _) => { }));
            }
        });
    }
}
