using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;
using StatusDetails = LogBroker.Protocol.StatusDetails;

namespace LogBroker.Client.Tests;

/// <summary>
/// The group coordinator of a fake broker, or of several that share it as if it were replicated: only the one that coordinates answers.
/// </summary>
internal sealed class FakeGroups
{
    private readonly FakeBroker _topics;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FakeGroup> _groups = new(StringComparer.Ordinal);

    public FakeGroups(FakeBroker topics)
    {
        _topics = topics;
        Coordinator = topics;
    }

    /// <summary>The node that coordinates all groups.</summary>
    public FakeBroker Coordinator { get; private set; }

    /// <summary>False keeps quiet about who coordinates when another node is asked.</summary>
    public bool GivesHints { get; set; } = true;

    /// <summary>An error in place of storing an offset.</summary>
    public Func<CommittedOffset, ErrorCode> CommitFault { get; set; } = _ => ErrorCode.None;

    /// <summary>An error in place of taking a member.</summary>
    public Func<JoinOpen, ErrorCode> JoinFault { get; set; } = _ => ErrorCode.None;

    public int CommitsSeen { get; private set; }

    public int JoinsSeen { get; private set; }

    public int CoordinatorsAsked { get; private set; }

    /// <summary>Every offset that was stored, in order.</summary>
    public List<(string Group, string Member, TopicPartition Partition, long Offset)> Stored { get; } = [];

    public static void Add(GrpcServices services, FakeBroker broker)
    {
        services.Unary(GroupMethods.FindCoordinator, (_, _) => Answer(broker.Groups.Find()));
        services.Duplex(GroupMethods.Join, (requests, responses, context) =>
            new ValueTask(broker.Groups.JoinAsync(broker, requests, responses, context)));
        services.Unary(GroupMethods.LeaveGroup, (request, _) => Answer(broker.Groups.Leave(broker, request)));
        services.Unary(GroupMethods.CommitOffsets, (request, _) => Answer(broker.Groups.Commit(broker, request)));
        services.Unary(GroupMethods.FetchCommitted, (request, _) => Answer(broker.Groups.Committed(broker, request)));
        FakeGroupsAdmin.Add(services, broker);
    }

    /// <summary>Runs something on a group under the lock; false when there is no such group.</summary>
    public bool With(string group, Action<FakeGroup> action)
    {
        lock (_lock)
        {
            if (!_groups.TryGetValue(group, out FakeGroup? found))
            {
                return false;
            }

            action(found);
            return true;
        }
    }

    public T Look<T>(string group, Func<FakeGroup, T> look)
    {
        lock (_lock)
        {
            return look(Group(group));
        }
    }

    public IReadOnlyList<FakeGroup> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _groups.Values];
            }
        }
    }

    public bool Delete(string group)
    {
        lock (_lock)
        {
            return _groups.Remove(group);
        }
    }

    public long CommittedOf(string group, string topic, int partition = 0) =>
        Look(group, g => g.Offsets.GetValueOrDefault(new TopicPartition(topic, partition))?.Offset ?? -1);

    /// <summary>Ends a session: the member's partitions go to others at once, and it hears of it.</summary>
    public void Fence(string group, string memberId, ErrorCode code = ErrorCode.FencedMemberEpoch) => With(group, g =>
    {
        if (g.Members.TryGetValue(memberId, out FakeMember? member))
        {
            g.Remove(member, FakeBroker.Error(code, $"member {memberId} is fenced"), Partitions(g));
        }
    });

    /// <summary>Breaks the stream of every member, which keep their places.</summary>
    public void BreakStreams()
    {
        lock (_lock)
        {
            foreach (FakeMember member in _groups.Values.SelectMany(static g => g.Members.Values))
            {
                member.Stream?.TryComplete(new Rpc.RpcException(new Rpc.Status(Rpc.StatusCode.Unavailable, "the stream broke")));
                member.Stream = null;
            }
        }
    }

    /// <summary>Another node coordinates now; streams to the old one end.</summary>
    public void MoveTo(FakeBroker broker)
    {
        lock (_lock)
        {
            Coordinator = broker;
            foreach (FakeMember member in _groups.Values.SelectMany(static g => g.Members.Values))
            {
                member.Stream?.TryComplete(NotCoordinator());
                member.Stream = null;
            }
        }
    }

    public void Require(FakeBroker broker)
    {
        if (Coordinator != broker)
        {
            throw NotCoordinator();
        }
    }

    /// <summary>The partitions of all topics that any member of a group asks for.</summary>
    public IReadOnlyList<TopicPartition> Partitions(FakeGroup group) =>
    [
        .. _topics.TopicNames
            .Where(t => group.Members.Values.Any(m => m.Open.Topics.Contains(t)
                || (m.Open.TopicRegex.Length > 0 && Regex.IsMatch(t, $"^(?:{m.Open.TopicRegex})$", RegexOptions.NonBacktracking))))
            .SelectMany(t => _topics.Partitions(t).Select((_, p) => new TopicPartition(t, p))),
    ];

    private static ValueTask<T> Answer<T>(T answer) => new(answer);

    private FakeGroup Group(string id)
    {
        if (!_groups.TryGetValue(id, out FakeGroup? group))
        {
            _groups[id] = group = new FakeGroup(id);
        }

        return group;
    }

    private FindCoordinatorResponse Find()
    {
        CoordinatorsAsked++;
        return new FindCoordinatorResponse { NodeId = Coordinator.NodeId, GrpcAddress = Coordinator.Address };
    }

    private Rpc.RpcException NotCoordinator()
    {
        Dictionary<string, string> metadata = GivesHints
            ? new()
            {
                ["coordinatorNodeId"] = Coordinator.NodeId.ToString(CultureInfo.InvariantCulture),
                ["coordinatorAddress"] = Coordinator.Address,
            }
            : [];
        return new(StatusDetails.ToStatus(new BrokerError(ErrorCode.NotCoordinator, "this node does not coordinate the group")
        {
            Metadata = metadata,
        }));
    }

    private async Task JoinAsync(
        FakeBroker broker, Rpc.IAsyncStreamReader<JoinRequest> requests, Rpc.IServerStreamWriter<JoinResponse> responses,
        ServerCallContext context)
    {
        Require(broker);
        var outgoing = Channel.CreateUnbounded<JoinResponse>();
        if (!await requests.MoveNext(context.CancellationToken))
        {
            return;
        }

        JoinOpen open = requests.Current.Open;
        ErrorCode refusal = JoinFault(open);
        lock (_lock)
        {
            JoinsSeen++;
            FakeGroup group = Group(open.Group);
            if (refusal == ErrorCode.None)
            {
                // A topic is subscribed to as soon as its member is there.
                refusal = group.Open(open, outgoing.Writer, Partitions(With(group, open)));
            }
        }

        if (refusal != ErrorCode.None)
        {
            throw FakeBroker.Error(refusal, $"member {open.MemberId} is refused: {refusal}");
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        Task reading = ReadAsync(open, requests, over.Token);
        try
        {
            await foreach (JoinResponse response in outgoing.Reader.ReadAllAsync(context.CancellationToken))
            {
                await responses.WriteAsync(response, cancellationToken: context.CancellationToken);
            }
        }
        finally
        {
            await over.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The group as it will be with a new member, to know the topics of both.</summary>
    private static FakeGroup With(FakeGroup group, JoinOpen open)
    {
        var look = new FakeGroup(group.Id);
        foreach (FakeMember member in group.Members.Values)
        {
            look.Members[member.Id] = member;
        }

        look.Members[open.MemberId] = new FakeMember(open.MemberId) { Open = open };
        return look;
    }

    private async Task ReadAsync(JoinOpen open, Rpc.IAsyncStreamReader<JoinRequest> requests, CancellationToken cancellation)
    {
        while (await requests.MoveNext(cancellation))
        {
            JoinHeartbeat beat = requests.Current.Heartbeat;
            With(open.Group, g =>
            {
                if (g.Members.TryGetValue(open.MemberId, out FakeMember? member))
                {
                    g.Heartbeat(member, beat);
                }
            });
        }
    }

    private LeaveGroupResponse Leave(FakeBroker broker, LeaveGroupRequest request)
    {
        Require(broker);
        With(request.Group, g =>
        {
            if (g.Members.TryGetValue(request.MemberId, out FakeMember? member) && !request.Temporarily)
            {
                g.Remove(member, null, Partitions(g));
            }
        });
        return new LeaveGroupResponse();
    }

    private CommitOffsetsResponse Commit(FakeBroker broker, CommitOffsetsRequest request)
    {
        Require(broker);
        var response = new CommitOffsetsResponse();
        lock (_lock)
        {
            CommitsSeen++;
            FakeGroup group = Group(request.Group);
            if (!group.Members.TryGetValue(request.MemberId, out FakeMember? member))
            {
                throw FakeBroker.Error(ErrorCode.UnknownMember, $"there is no member {request.MemberId}");
            }

            foreach (CommittedOffset offset in request.Offsets)
            {
                var id = new TopicPartition(offset.Topic, offset.Partition);
                ErrorCode error = CommitFault(offset);
                error = error != ErrorCode.None ? error
                    : request.MemberEpoch != member.Epoch ? ErrorCode.StaleMemberEpoch
                    : !member.Assigned.Contains(id) && !member.Revoking.Contains(id) ? ErrorCode.NotAssigned
                    : ErrorCode.None;
                var answer = new CommittedOffset { Topic = offset.Topic, Partition = offset.Partition, Offset = offset.Offset };
                if (error != ErrorCode.None)
                {
                    answer.Error = StatusDetails.ToStatus(new BrokerError(error, $"the offset of {id} was not stored: {error}"));
                }
                else
                {
                    group.Offsets[id] = answer.Clone();
                    Stored.Add((request.Group, request.MemberId, id, offset.Offset));
                }

                response.Offsets.Add(answer);
            }
        }

        return response;
    }

    private FetchCommittedResponse Committed(FakeBroker broker, FetchCommittedRequest request)
    {
        Require(broker);
        var response = new FetchCommittedResponse();
        lock (_lock)
        {
            if (!_groups.TryGetValue(request.Group, out FakeGroup? group))
            {
                throw FakeBroker.Error(ErrorCode.UnknownGroup, $"there is no group \"{request.Group}\"");
            }

            IEnumerable<TopicPartition> asked = request.Partitions.Count == 0
                ? group.Offsets.Keys
                : request.Partitions.SelectMany(static t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)));
            response.Offsets.Add(asked.Select(p => group.Offsets.TryGetValue(p, out CommittedOffset? known)
                ? known
                : new CommittedOffset { Topic = p.Topic, Partition = p.Partition, Offset = -1 }));
        }

        return response;
    }
}
