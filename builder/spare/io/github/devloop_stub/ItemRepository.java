package io.github.devloop_stub;

import java.util.List;
import java.util.Optional;

import org.springframework.data.domain.Page;
import org.springframework.data.domain.Pageable;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.query.Param;

/** A query of each kind. */
public interface ItemRepository extends JpaRepository<Item, Integer> {
    List<Item> findByTextStartingWith(String text);

    Page<Item> findByText(String text, Pageable page);

    @Query("select i from Item i left join fetch i.friends where i.id = :id")
    Optional<Item> find(@Param("id") Integer id);
}
